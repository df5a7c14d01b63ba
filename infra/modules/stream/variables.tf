variable "name" {
  description = "Name of the stream."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.name))
    error_message = "A name of a stream has letters, digits, dots, hyphens and underscores."
  }
}

variable "key_arn" {
  description = "Customer managed key: a stream under the key of AWS cannot be shared with another account."
  type        = string
}

variable "retention_hours" {
  description = "How long a change waits for its readers. A weekend at least."
  type        = number
  default     = 168

  validation {
    condition     = var.retention_hours >= 72 && var.retention_hours <= 8760
    error_message = "Between 72 hours and a year."
  }
}

variable "reader_accounts" {
  description = "Root ARNs of the accounts whose roles read the stream."
  type        = list(string)
}

variable "reader_roles" {
  description = "ARNs of the roles that read the stream."
  type        = list(string)

  validation {
    condition     = length(var.reader_roles) > 0
    error_message = "Without a reader, use no policy."
  }
}
