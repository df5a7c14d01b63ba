variable "name" {
  description = "Name of the group, and before the names of schedules."
  type        = string
}

variable "key_arn" {
  description = "Key of the inputs and of the dead letters."
  type        = string
}

variable "enabled" {
  description = "False holds every schedule, as while a stack is being set up."
  type        = bool
  default     = true
}

variable "schedules" {
  description = "Calls of functions by name: when (UTC), with which event, spread over how many minutes."
  type = map(object({
    description    = string
    function_arn   = string
    expression     = string
    input          = optional(string, "{}")
    spread_minutes = optional(number, 0)
  }))

  validation {
    condition     = alltrue([for schedule in var.schedules : can(regex("^(rate|cron)\\(.+\\)$", schedule.expression)) && can(jsondecode(schedule.input))])
    error_message = "An expression is rate(…) or cron(…), an input JSON."
  }
}
