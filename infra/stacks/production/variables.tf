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
  description = "Region of the source database; DMS, the stream and the data stack are in the same."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A Region, such as eu-west-1."
  }
}

variable "account_id" {
  description = "Account of the source database. Another account's credentials are refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account is 12 digits."
  }
}

variable "data_account" {
  description = "Account of the data stack and the name of its lake bucket; neither has to be there yet."
  type        = object({ id = string, bucket = string })

  validation {
    condition     = can(regex("^[0-9]{12}$", var.data_account.id)) && can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.data_account.bucket))
    error_message = "An account is 12 digits; a name of a bucket has small letters, digits and hyphens."
  }
}

variable "system" {
  description = "System of the contracts whose tables are in the source database."
  type        = string
  default     = "workforce-postgres"

  validation {
    condition = fileexists(
      "${coalesce(var.generated, "${path.module}/../../generated")}/mappings/${var.system}.cdc.json"
    )
    error_message = "No contract has this source.system: set it to that of yours, then run npx tidemark infra export."
  }
}

variable "generated" {
  description = "Folder that `tidemark infra export` writes; that of the repository when null."
  type        = string
  default     = null
}

variable "network" {
  description = "VPC of the source, private subnets in two zones, their route tables, and the source's security group and port."
  type = object({
    vpc_id          = string
    subnet_ids      = list(string)
    route_table_ids = list(string)
    source_group_id = string
    source_port     = optional(number, 5432)
  })
}

variable "endpoint_services" {
  description = "VPC endpoints to make; leave out those that the VPC has."
  type        = object({ interface = optional(set(string), ["kinesis-streams", "logs", "secretsmanager"]), gateway = optional(set(string), ["s3"]) })
  default     = {}
}

variable "database" {
  description = "Name of the source database, its RDS instance, its secret and that secret's key, a PEM file of the authorities of its certificate, and the schema for DMS's own tables."
  type = object({
    name             = string
    instance_id      = string
    secret_arn       = string
    secret_key_arn   = optional(string)
    authorities_file = string
    artifacts_schema = optional(string, "public")
  })
}

variable "instance" {
  description = "Replication instance: class, disk in GiB, DMS version, maintenance window."
  type = object({
    class              = optional(string, "dms.c6i.large")
    storage_gb         = optional(number, 100)
    engine_version     = optional(string, "3.5.4")
    maintenance_window = optional(string, "sun:02:00-sun:03:00")
  })
  default = {}
}

variable "cdc" {
  description = "Slot and its plugin as they were made at the source, the position that the slot began at, which the task is made with, and whether the task runs: false until the data stack is there. A task that runs is stopped for a change and resumed from its checkpoint."
  type = object({
    slot           = optional(string, "tidemark")
    plugin         = optional(string, "test-decoding")
    start_position = optional(string)
    run            = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains(["test-decoding", "pglogical"], var.cdc.plugin) && can(regex("^[a-z0-9_]{1,63}$", var.cdc.slot))
    error_message = "The plugin is test-decoding or pglogical; a slot has small letters, digits and underscores."
  }

  validation {
    condition     = var.cdc.start_position == null || can(regex("^[0-9A-F]{1,8}/[0-9A-F]{1,8}$", var.cdc.start_position))
    error_message = "A position is a log sequence number: 0/1A2B3C8."
  }

  validation {
    condition     = !var.cdc.run || var.cdc.start_position != null
    error_message = "Before the task runs, say where its slot began: changes between slot and start would be lost."
  }
}

variable "account_roles" {
  description = "Whether to make dms-vpc-role and dms-cloudwatch-logs-role, of which an account has one each."
  type        = bool
  default     = true
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
  description = "Alarms: bytes of log that the slot may keep, bytes that must stay free at the source, and seconds of latency."
  type = object({
    slot_bytes        = optional(number, 20000000000)
    log_bytes         = optional(number, 40000000000)
    free_bytes        = optional(number, 20000000000)
    latency_seconds   = optional(number, 300)
    instance_gb_free  = optional(number, 20)
    retention_hours   = optional(number, 168)
    iterator_age_mins = optional(number, 60)
  })
  default = {}
}
