variable "name" {
  description = "Name of the stack; several may live in one account."
  type        = string
  default     = "rollcall"
}

variable "packaged_template" {
  description = "Path of the template that `aws cloudformation package` wrote."
  type        = string
}

variable "sender" {
  description = "Address that letters come from where a program names none."
  type        = string
  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.sender))
    error_message = "The sender is a mail address."
  }
}

variable "sender_identity" {
  description = "SES identity of the sender and of every program's own sender; null takes the sender's address."
  type        = string
  default     = null
}

variable "create_sender_identity" {
  description = "Makes the SES identity; its owner must then confirm it."
  type        = bool
  default     = false
}

variable "existing_bucket" {
  description = "Name of a bucket to use; empty makes one."
  type        = string
  default     = ""
}

variable "alarm_topic_arn" {
  description = "SNS topic that alarms go to; empty leaves alarms without an action."
  type        = string
  default     = ""
}

variable "kms_key_arn" {
  description = "Key for bucket, queues and tables; empty uses keys that AWS manages."
  type        = string
  default     = ""
}

variable "secret_arn" {
  description = "Secret that makes invitations and seals suppressions; empty makes one. Never change it."
  type        = string
  default     = ""
}

variable "architecture" {
  description = "What the functions were built for."
  type        = string
  default     = "x86_64"
  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture is x86_64 or arm64."
  }
}

variable "deletion_protection" {
  description = "Keeps the tables from being deleted."
  type        = bool
  default     = true
}

variable "log_days" {
  description = "For how many days logs are kept."
  type        = number
  default     = 90
}

variable "working_paper_days" {
  description = "For how many days plans and chunks are kept."
  type        = number
  default     = 30
  validation {
    condition     = var.working_paper_days >= 15
    error_message = "Working papers must outlive the messages, which live for 14 days."
  }
}

variable "tags" {
  description = "Tags of everything in the stack."
  type        = map(string)
  default     = {}
}

variable "migrations" {
  description = "Scheduled migrations by name: whose, what, where the files come, how often to look, by when one must have come."
  type = map(object({
    program               = string
    profile               = optional(string, "partners")
    source                = string
    rate                  = optional(string, "rate(1 hour)")
    expected_by           = optional(string, "")
    expected_within_hours = optional(number, 24)
    time_zone             = optional(string, "UTC")
  }))
  default = {}
  validation {
    condition     = alltrue([for migration in values(var.migrations) : startswith(migration.source, "sources/")])
    error_message = "A migration's source is a prefix under sources/."
  }
}
