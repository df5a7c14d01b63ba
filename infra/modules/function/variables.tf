variable "prefix" {
  description = "Before the names of function and role."
  type        = string
}

variable "name" {
  description = "Folder of handlers/: `land-load`."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)*$", var.name))
    error_message = "A folder of handlers/."
  }
}

variable "description" {
  description = "What the function does, for who finds it in the console."
  type        = string
}

variable "packages" {
  description = "Folder with `<name>.zip`, as `npm run build:handlers` writes it."
  type        = string
}

variable "architecture" {
  description = "arm64 or x86_64: that of the machine that built the packages."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "arm64 or x86_64."
  }
}

variable "size" {
  description = "Memory and scratch in MiB, seconds that a call may take, and how many run at once; any number when null."
  type = object({
    memory_mib      = number
    timeout_seconds = number
    scratch_mib     = optional(number, 512)
    at_once         = optional(number)
  })

  validation {
    condition     = var.size.memory_mib >= 128 && var.size.memory_mib <= 10240 && var.size.timeout_seconds >= 3 && var.size.timeout_seconds <= 900 && var.size.scratch_mib >= 512 && var.size.scratch_mib <= 10240
    error_message = "Lambda has 128 to 10,240 MiB of memory, 3 to 900 seconds, 512 to 10,240 MiB of scratch."
  }
}

variable "environment" {
  description = "Variables of handlers/runtime/function-settings.ts. Names of secrets, never secrets."
  type        = map(string)
}

variable "statements" {
  description = "What the function's own code may call: statements of its role's policy, as a JSON list."
  type        = string
}

variable "key_arn" {
  description = "Key of the environment and of the log."
  type        = string
}

variable "failures_arn" {
  description = "Bucket that calls go to which nobody waits for and which failed; the role must be able to list it and to write into it."
  type        = string
  default     = null
}

variable "log_days" {
  description = "How long lines are kept."
  type        = number
  default     = 90
}

variable "network" {
  description = "Subnets and security groups of a function that stands in a VPC."
  type        = object({ subnet_ids = list(string), group_ids = list(string) })
  default     = null
}
