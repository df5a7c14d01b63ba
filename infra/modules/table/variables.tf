variable "name" {
  description = "Name of the table."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.name))
    error_message = "A name of a table has 3 to 255 letters, digits, dots, hyphens and underscores."
  }
}

variable "key_arn" {
  description = "Key of the table."
  type        = string
}

variable "stream" {
  description = "Whether the table has a stream, of new images."
  type        = bool
  default     = false
}

variable "indexes" {
  description = "Indexes with the table's own keys, and the attributes that they hold beside them."
  type        = map(list(string))
  default     = {}
}
