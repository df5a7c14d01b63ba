variable "name" {
  description = "Name of the workgroup."
  type        = string
}

variable "prefix" {
  description = "Before the name of each database: `dev_`; may be empty."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9_]*$", var.prefix))
    error_message = "Small letters, digits and underscores: Athena folds the rest."
  }
}

variable "databases" {
  description = "Domains of the contracts."
  type        = set(string)
}

variable "results" {
  description = "Bucket of query results and its account."
  type        = object({ bucket = string, owner = string })
}

variable "key_arn" {
  description = "Key of query results."
  type        = string
}

variable "scan_limit_bytes" {
  description = "A query that reads more is ended. Athena bills what is read."
  type        = number

  validation {
    condition     = var.scan_limit_bytes >= 10000000
    error_message = "Athena takes 10 MB at least."
  }
}
