variable "name" {
  description = "Name of the bucket, of all buckets in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A name of a bucket has 3 to 63 small letters, digits and hyphens."
  }
}

variable "key_arn" {
  description = "Key that objects are encrypted with unless their writer says another."
  type        = string
}

variable "old_version_days" {
  description = "How long an object that was overwritten or deleted can be brought back."
  type        = number
  default     = 7

  validation {
    condition     = var.old_version_days >= 1
    error_message = "A day at least."
  }
}

variable "expire_days" {
  description = "Days after which objects are removed, by prefix; an empty prefix is everything."
  type        = map(number)
  default     = {}
}

variable "statements" {
  description = "Further statements of the bucket's policy, as a JSON list."
  type        = string
  default     = "[]"
}
