variable "name" {
  description = "What the names of everything begin with; the same in both stacks."
  type        = string
  default     = "tidemark"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) <= 24
    error_message = "24 characters at most: small letters, digits and single hyphens, a letter first."
  }
}

variable "region" {
  description = "Region of the production stack."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A Region, such as eu-west-1."
  }
}

variable "account_id" {
  description = "Account of the lake. Another account's credentials are refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account is 12 digits."
  }
}

variable "source_file" {
  description = "Outputs of the production stack: its `terraform output -json`."
  type        = string
  default     = "source.json"

  validation {
    condition     = can(jsondecode(file(var.source_file)).tidemark_source.value.stream_arn)
    error_message = "No outputs of the production stack: run `terraform output -json` there, into this file."
  }
}

variable "bucket" {
  description = "Name of the lake bucket, as the production stack knows it. Buckets for results and failures add `-results` and `-failures`."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,50}[a-z0-9]$", var.bucket))
    error_message = "3 to 52 small letters, digits and hyphens."
  }
}

variable "system" {
  description = "System of the contracts whose tables are in the source database; the others are microservices."
  type        = string
  default     = "workforce-postgres"
}

variable "service_streams" {
  description = "Streams of microservices' DynamoDB tables: stream ARN by source table, `service.table`; and the keys of those tables that have one of their own."
  type        = object({ streams = optional(map(string), {}), key_arns = optional(list(string), []) })
  default     = {}

  validation {
    condition     = alltrue([for table, arn in var.service_streams.streams : can(regex("^[^.]+\\.[^.]+$", table)) && can(regex("^arn:[^:]+:dynamodb:[^:]+:[0-9]{12}:table/[^/]+/stream/", arn))])
    error_message = "service.table = the ARN of a stream of DynamoDB."
  }
}

variable "source_secret" {
  description = "Secret with the address of the source as RDS writes it, with a role that may only read, and its key if it has one of its own."
  type        = object({ arn = string, key_arn = optional(string) })
}

variable "network" {
  description = "Where `reconcile` stands to reach the source: VPC, private subnets in two zones, their route tables, and the source's addresses and port."
  type = object({
    vpc_id          = string
    subnet_ids      = list(string)
    route_table_ids = list(string)
    source_cidrs    = list(string)
    source_port     = optional(number, 5432)
  })

  validation {
    condition     = length(var.network.source_cidrs) > 0 && !contains(var.network.source_cidrs, "0.0.0.0/0")
    error_message = "The addresses of the source, not of everybody."
  }
}

variable "endpoint_services" {
  description = "VPC endpoints to make; leave out those that the VPC has."
  type        = object({ interface = optional(set(string), ["glue", "secretsmanager"]), gateway = optional(set(string), ["dynamodb", "s3"]) })
  default     = {}
}

variable "packages" {
  description = "Folder with the functions' archives (dist/handlers when null), and the architecture that they were built on."
  type        = object({ folder = optional(string), architecture = optional(string, "x86_64") })
  default     = {}
}

variable "generated" {
  description = "Folder that `tidemark infra export` writes; that of the repository when null."
  type        = string
  default     = null
}

variable "catalog" {
  description = "What the names of Glue databases begin with, and the bytes that one query may read."
  type        = object({ prefix = optional(string, ""), scan_limit_bytes = optional(number, 107374182400) })
  default     = {}
}

variable "epoch" {
  description = "Raised by one when the source was restored or replaced."
  type        = number
  default     = 0

  validation {
    condition     = var.epoch >= 0 && floor(var.epoch) == var.epoch
    error_message = "A whole number, never lowered."
  }
}

variable "keep_days" {
  description = "How long is kept: raw pages, refused changes, landed objects, lines of logs, history beside base (all of it when null)."
  type = object({
    raw        = optional(number, 30)
    quarantine = optional(number, 90)
    landing    = optional(number, 30)
    logs       = optional(number, 90)
    history    = optional(number)
  })
  default = {}
}

variable "gather_seconds" {
  description = "How long changes are gathered, in seconds: into pages by capture, into objects by Firehose. Small is fresh, large is cheap."
  type        = object({ capture = optional(number, 40), delivery = optional(number, 30) })
  default     = {}

  validation {
    condition     = var.gather_seconds.capture >= 0 && var.gather_seconds.capture <= 300
    error_message = "Lambda gathers for up to 300 seconds."
  }
}

variable "schedules" {
  description = "Whether schedules run, and those that a company chooses: how often a table is compacted, everything is proven, a sample is."
  type = object({
    enabled   = optional(bool, true)
    compact   = optional(string, "rate(1 hour)")
    reconcile = optional(string, "cron(15 2 * * ? *)")
    sample    = optional(string, "rate(1 hour)")
  })
  default = {}
}

variable "memory_mib" {
  description = "Memory of functions, where other than the stack's own: a large table needs more to be compacted."
  type        = map(number)
  default     = {}
}

variable "notices" {
  description = "Addresses that alarms go to, and the budget in US dollars a month of what is tagged `stack = name`."
  type        = object({ emails = set(string), monthly_budget = number })
}

variable "runbook_url" {
  description = "Where the runbooks are, for links in the messages of alarms: this repository's docs/runbooks in a browser. As it is, a path in the repository."
  type        = string
  default     = "docs/runbooks"

  validation {
    condition     = !endswith(var.runbook_url, "/") && length(var.runbook_url) <= 200
    error_message = "Without a slash at its end, 200 characters at most."
  }
}

variable "limits" {
  description = "Alarms: minutes that readers, Firehose and landing may be behind, and hours that a refused change may wait and a proof may be old."
  type = object({
    behind_minutes   = optional(number, 15)
    quarantine_hours = optional(number, 24)
    proof_hours      = optional(number, 26)
  })
  default = {}
}
