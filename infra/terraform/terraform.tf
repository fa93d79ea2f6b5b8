# What is not in infra/template.yaml: providers, names and the release.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

variable "name" {
  description = "Name of the installation; several may live in one account."
  type        = string
  default     = "rollcall"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,20}$", var.name))
    error_message = "name: takes a letter, then up to 20 small letters, digits and hyphens."
  }
}

variable "release" {
  description = "Folder with the zips that infra/release made."
  type        = string
}

variable "release_version" {
  description = "Version in the names of the zips."
  type        = string
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = {}
}

variable "people" {
  description = "Programs that get policies for people, each with the custom profiles that its droppers of lists may use, with commas."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for program in keys(var.people) : can(regex("^(_marketplace|[a-z0-9-]{1,64})$", program))])
    error_message = "people: names of programs, such as { acme = \"\" }."
  }
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
    state                 = optional(string, "ENABLED")
  }))
  default = {}
  validation {
    condition     = alltrue([for migration in values(var.migrations) : startswith(migration.source, "sources/")])
    error_message = "migrations: a source is a prefix under sources/."
  }
}
