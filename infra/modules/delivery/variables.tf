variable "name" {
  description = "Name of the Firehose stream."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,55}$", var.name))
    error_message = "At most 55 letters, digits, dots, hyphens and underscores."
  }
}

variable "key_arn" {
  description = "Key of what waits in the stream, of the objects and of the log."
  type        = string
}

variable "bucket_arn" {
  description = "Bucket of the lake."
  type        = string
}

variable "buffer" {
  description = "An object is written when it is so old or, before compression, so large. Small is fresh, large is cheap."
  type        = object({ seconds = optional(number, 30), mib = optional(number, 64) })
  default     = {}

  validation {
    condition     = var.buffer.seconds >= 0 && var.buffer.seconds <= 900 && var.buffer.mib >= 1 && var.buffer.mib <= 128
    error_message = "Up to 900 seconds, and 1 to 128 MiB."
  }
}
