variable "name" {
  description = "Name of the queue; its dead letters are in `<name>-dead`."
  type        = string
}

variable "key_arn" {
  description = "Key of both queues; S3 must be allowed to use it."
  type        = string
}

variable "bucket_arn" {
  description = "Bucket that notifies the queue."
  type        = string
}

variable "visibility_seconds" {
  description = "How long a message is with its reader: six times the timeout of the function."
  type        = number

  validation {
    condition     = var.visibility_seconds >= 30 && var.visibility_seconds <= 43200
    error_message = "Between 30 seconds and 12 hours."
  }
}

variable "attempts" {
  description = "How often a message is tried before it is a dead letter."
  type        = number
  default     = 5

  validation {
    condition     = var.attempts >= 2 && var.attempts <= 100
    error_message = "2 to 100."
  }
}
