variable "name" {
  description = "Name of the topic and of the budget."
  type        = string
}

variable "key_arn" {
  description = "Key of the topic; CloudWatch and Budgets must be allowed to use it."
  type        = string
}

variable "rules" {
  description = "Whether rules of EventBridge publish here; the key must be open to them without a condition."
  type        = bool
  default     = false
}

variable "emails" {
  description = "Who is told. Each address has to confirm once."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0 && alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "At least one address, and addresses only: an alarm that nobody gets is none."
  }
}

variable "monthly_budget" {
  description = "US dollars a month; told at 80 % spent and when the forecast reaches it."
  type        = number

  validation {
    condition     = var.monthly_budget > 0
    error_message = "More than nothing."
  }
}

variable "budget_tag" {
  description = "Cost allocation tag that the budget counts, `user:key$value`; the whole account when null."
  type        = string
  default     = null
}
