variable "name" {
  description = "Name of the replication instance, and what the names of its parts begin with."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,40}$", var.name)) && !strcontains(var.name, "--") && !endswith(var.name, "-")
    error_message = "DMS wants small letters, digits and single hyphens."
  }
}

variable "key_arn" {
  description = "Key of what DMS stores: the instance's disk, the settings of endpoints, the logs."
  type        = string
}

variable "generated" {
  description = "Folder that `tidemark infra export` writes."
  type        = string
}

variable "system" {
  description = "System of the contracts whose tables are in this database."
  type        = string
}

variable "network" {
  description = "VPC of the source, two private subnets in it, and the source's security group and port."
  type = object({
    vpc_id          = string
    subnet_ids      = list(string)
    source_group_id = string
    source_port     = optional(number, 5432)
  })

  validation {
    condition     = length(var.network.subnet_ids) >= 2
    error_message = "Two subnets at least, in different zones."
  }
}

variable "instance" {
  description = "Size, version and window of the replication instance."
  type = object({
    class              = optional(string, "dms.c6i.large")
    storage_gb         = optional(number, 100)
    engine_version     = optional(string, "3.5.4")
    maintenance_window = optional(string, "sun:02:00-sun:03:00")
  })

  validation {
    condition     = can(regex("^[3-9]\\.([5-9]|[1-9][0-9])\\.", var.instance.engine_version)) && var.instance.engine_version != "3.5.1" && var.instance.engine_version != "3.5.2" && var.instance.engine_version != "3.5.3"
    error_message = "3.5.4 or newer: older versions lose digits of large integers and repeat transactions."
  }
}

variable "database" {
  description = "Database of the source: its secret (RDS shape), that secret's key if it has one of its own, PEM text of the authorities that sign its certificate, and the schema for DMS's own tables."
  type = object({
    name             = string
    secret_arn       = string
    secret_key_arn   = optional(string)
    authorities_pem  = string
    artifacts_schema = optional(string, "public")
  })

  validation {
    condition     = strcontains(var.database.authorities_pem, "-----BEGIN CERTIFICATE-----")
    error_message = "authorities_pem is the text of a PEM file."
  }
}

variable "cdc" {
  description = "Slot, its plugin, the position that it began at (`0/1A2B3C8`), and whether the task runs. Without a position the task begins where DMS chooses."
  type = object({
    slot           = optional(string, "tidemark")
    plugin         = optional(string, "test-decoding")
    start_position = optional(string)
    run            = optional(bool, false)
  })

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

variable "stream_arn" {
  description = "Stream of every change; same account and Region, as DMS wants."
  type        = string
}

variable "loads" {
  description = "Bucket of load files, the account that owns it, and the key that the files and the stream are encrypted with."
  type        = object({ bucket = string, account = string, key_arn = string })
}

variable "operator" {
  description = "Role of the data account that runs loads, and the root of its account."
  type        = object({ account_root = string, role_arn = string })
}

variable "account_roles" {
  description = "Whether to make dms-vpc-role and dms-cloudwatch-logs-role: false where another stack of the account has them."
  type        = bool
  default     = true
}
