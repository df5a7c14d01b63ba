variable "prefix" {
  description = "Before the name of each alarm."
  type        = string
}

variable "topic_arn" {
  description = "Who is told of an alarm, and of its end."
  type        = string
}

variable "runbook_url" {
  description = "Where the runbooks are: before the name of each alarm's page."
  type        = string
}

variable "alarms" {
  description = "Alarms by name. `runbook` is the page that an alarm's message ends with. `below` alarms under the threshold, else above it; `missing` says what no data means."
  type = map(object({
    means      = string
    runbook    = string
    namespace  = string
    metric     = string
    dimensions = optional(map(string), {})
    statistic  = optional(string, "Maximum")
    unit       = optional(string)
    threshold  = number
    below      = optional(bool, false)
    seconds    = optional(number, 300)
    periods    = optional(number, 1)
    of_them    = optional(number)
    missing    = optional(string, "notBreaching")
  }))

  validation {
    condition     = alltrue([for alarm in var.alarms : can(regex("^[a-z-]+\\.md(#[a-z-]+)?$", alarm.runbook))])
    error_message = "A runbook is a page, such as slot-lag.md, or a place in it."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : contains(["breaching", "notBreaching", "ignore"], alarm.missing)])
    error_message = "No data means breaching, notBreaching or ignore."
  }
}
