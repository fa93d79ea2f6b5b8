# Written by infra/terraform/make from infra/template.yaml. Change the template.

variable "existing_bucket" {
  description = "Name of a bucket to use; EventBridge notifications and versioning must be on. Empty makes one."
  type        = string
  default     = ""
}

variable "sender" {
  description = "Address that letters come from where a program names none."
  type        = string
  validation {
    condition     = can(regex("^([^@ ]+@[^@ ]+)$", var.sender))
    error_message = "sender: has the form [^@ ]+@[^@ ]+."
  }
}

variable "sender_identity" {
  description = "SES identity of the sender and of every program's own sender, a domain or an address."
  type        = string
}

variable "create_sender_identity" {
  description = "Makes the SES identity; its owner must then confirm it."
  type        = bool
  default     = false
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

variable "architecture" {
  description = "What the functions were built for."
  type        = string
  default     = "x86_64"
  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture: takes x86_64, arm64."
  }
}

variable "deletion_protection" {
  description = "Keeps the tables from being deleted."
  type        = bool
  default     = true
}

variable "log_days" {
  description = "For how long logs are kept."
  type        = number
  default     = 90
  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400], var.log_days)
    error_message = "log_days: takes 7, 14, 30, 60, 90, 180, 365, 400."
  }
}

variable "working_paper_days" {
  description = "For how long plans and chunks are kept; longer than a message can live."
  type        = number
  default     = 30
  validation {
    condition     = var.working_paper_days >= 15
    error_message = "working_paper_days: at least 15."
  }
}

variable "inbox_days" {
  description = "Days after which dropped files expire, those under sources/ too; 0 keeps them."
  type        = number
  default     = 90
  validation {
    condition     = var.inbox_days >= 0
    error_message = "inbox_days: at least 0."
  }
}

variable "result_days" {
  description = "Days after which result files, reports and summaries expire; 0 keeps them."
  type        = number
  default     = 365
  validation {
    condition     = var.result_days >= 0
    error_message = "result_days: at least 0."
  }
}

variable "old_version_days" {
  description = "Days after which an overwritten or expired object is deleted for good; 0 keeps it."
  type        = number
  default     = 30
  validation {
    condition     = var.old_version_days >= 0
    error_message = "old_version_days: at least 0."
  }
}

variable "import_days" {
  description = "Days after which the state of an import leaves the imports table; 0 keeps it. At least ResultDays."
  type        = number
  default     = 400
  validation {
    condition     = var.import_days >= 0
    error_message = "import_days: at least 0."
  }
}

variable "splitter_concurrency" {
  description = "Reserved concurrency of the splitter, files at a time. 0 reserves nothing and sets no bound, for an account whose quota is below 120."
  type        = number
  default     = 20
  validation {
    condition     = var.splitter_concurrency >= 0
    error_message = "splitter_concurrency: at least 0."
  }
}

variable "worker_concurrency" {
  description = "Most workers at a time, each with up to four chunks."
  type        = number
  default     = 40
  validation {
    condition     = var.worker_concurrency >= 2 && var.worker_concurrency <= 1000
    error_message = "worker_concurrency: at least 2 and at most 1000."
  }
}

variable "finalizer_concurrency" {
  description = "Most finalizers at a time, imports that end."
  type        = number
  default     = 10
  validation {
    condition     = var.finalizer_concurrency >= 2 && var.finalizer_concurrency <= 1000
    error_message = "finalizer_concurrency: at least 2 and at most 1000."
  }
}

variable "splitter_memory" {
  description = "Memory of the splitter in MB. The keys of repeats are held in memory; runbook, very large files."
  type        = number
  default     = 1024
  validation {
    condition     = var.splitter_memory >= 512 && var.splitter_memory <= 10240
    error_message = "splitter_memory: at least 512 and at most 10240."
  }
}

variable "worker_memory" {
  description = "Memory of a worker in MB."
  type        = number
  default     = 1024
  validation {
    condition     = var.worker_memory >= 512 && var.worker_memory <= 10240
    error_message = "worker_memory: at least 512 and at most 10240."
  }
}

variable "finalizer_memory" {
  description = "Memory of the finalizer in MB."
  type        = number
  default     = 1024
  validation {
    condition     = var.finalizer_memory >= 512 && var.finalizer_memory <= 10240
    error_message = "finalizer_memory: at least 512 and at most 10240."
  }
}

variable "contacts_warm_writes" {
  description = "Write units a second that the table of contacts takes at once, from 4000 on; 0 leaves it to DynamoDB. Charged once."
  type        = number
  default     = 0
  validation {
    condition     = var.contacts_warm_writes >= 0
    error_message = "contacts_warm_writes: at least 0."
  }
}

variable "contacts_warm_reads" {
  description = "Read units a second that the table of contacts takes at once, where ContactsWarmWrites is set."
  type        = number
  default     = 12000
  validation {
    condition     = var.contacts_warm_reads >= 12000
    error_message = "contacts_warm_reads: at least 12000."
  }
}

variable "directory_warm_reads" {
  description = "Read units a second that the directory takes at once, from 12000 on; 0 leaves it to DynamoDB. Charged once."
  type        = number
  default     = 0
  validation {
    condition     = var.directory_warm_reads >= 0
    error_message = "directory_warm_reads: at least 0."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role of the stack; empty sets none."
  type        = string
  default     = ""
}

variable "role_path" {
  description = "Path of every role of the stack."
  type        = string
  default     = "/"
  validation {
    condition     = can(regex("^(/|/.+/)$", var.role_path))
    error_message = "role_path: has the form /|/.+/."
  }
}

variable "tracing" {
  description = "Active sends traces of the functions to X-Ray."
  type        = string
  default     = "PassThrough"
  validation {
    condition     = contains(["Active", "PassThrough"], var.tracing)
    error_message = "tracing: takes Active, PassThrough."
  }
}

variable "ses_sandbox" {
  description = "In the sandbox SES checks permissions on the recipients' identities too; true grants them."
  type        = bool
  default     = false
}

variable "oldest_import_seconds" {
  description = "Age of an import that has not ended above which an alarm rings."
  type        = number
  default     = 7200
  validation {
    condition     = var.oldest_import_seconds >= 600
    error_message = "oldest_import_seconds: at least 600."
  }
}

variable "bounce_limit" {
  description = "Bounces and complaints in a quarter of an hour above which the alarm rings."
  type        = number
  default     = 0
  validation {
    condition     = var.bounce_limit >= 0
    error_message = "bounce_limit: at least 0."
  }
}

variable "make_console" {
  description = "Makes the console, its pages and its HTTP interface, behind an HTTP API that takes tokens."
  type        = bool
  default     = true
}

variable "console_issuer" {
  description = "Issuer of the console's tokens (OpenID Connect), with the claim rollcall_programs; empty makes a Cognito user pool."
  type        = string
  default     = ""
}

variable "console_audience" {
  description = "Audience of the tokens of ConsoleIssuer."
  type        = string
  default     = ""
}

variable "console_origin" {
  description = "Origin of the console's pages, which browsers may send files to the bucket from, by a link that is good for minutes; * is any."
  type        = string
  default     = "*"
}

variable "console_memory" {
  description = "Megabytes of the console; 1769 are one processor."
  type        = number
  default     = 1769
  validation {
    condition     = var.console_memory >= 256 && var.console_memory <= 10240
    error_message = "console_memory: at least 256 and at most 10240."
  }
}

variable "upload_days" {
  description = "Days after which a file that was uploaded to the console, and not imported, is removed."
  type        = number
  default     = 2
  validation {
    condition     = var.upload_days >= 1
    error_message = "upload_days: at least 1."
  }
}

variable "dry_runs_per_day" {
  description = "Dry runs that each program may make on a day (UTC). They tell who is known, so further ones are refused."
  type        = number
  default     = 200
  validation {
    condition     = var.dry_runs_per_day >= 0
    error_message = "dry_runs_per_day: at least 0."
  }
}

variable "secret_arn" {
  description = "Secret of the installation in Secrets Manager, for invitation tokens and suppressions; empty makes one. It never changes."
  type        = string
  default     = ""
}

variable "pace" {
  description = "Time limits and retries; quick is for tests, where waiting is all that matters."
  type        = string
  default     = "standard"
  validation {
    condition     = contains(["standard", "quick"], var.pace)
    error_message = "pace: takes standard, quick."
  }
}
