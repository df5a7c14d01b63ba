variable "name" {
  description = "Name of the alias, without `alias/`."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9/_-]{1,250}$", var.name))
    error_message = "A name of an alias has letters, digits, hyphens, underscores and slashes."
  }
}

variable "description" {
  description = "What the key encrypts."
  type        = string
}

variable "services" {
  description = "Services that may use the key for resources of this account, as principals: `sns.amazonaws.com`."
  type        = list(string)
  default     = []
}

variable "statements" {
  description = "Further statements of the key's policy, as a JSON list."
  type        = string
  default     = "[]"

  validation {
    condition     = can(tolist(jsondecode(var.statements)))
    error_message = "Statements are a JSON list."
  }
}
