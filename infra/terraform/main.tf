# Deploys infra/template.yaml, packaged, as a CloudFormation stack: one description of the installation, two ways in.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

resource "aws_cloudformation_stack" "rollcall" {
  name          = var.name
  template_body = file(var.packaged_template)
  capabilities  = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
  on_failure    = "ROLLBACK"
  tags          = var.tags

  parameters = {
    ExistingBucket       = var.existing_bucket
    Sender               = var.sender
    SenderIdentity       = coalesce(var.sender_identity, var.sender)
    CreateSenderIdentity = tostring(var.create_sender_identity)
    AlarmTopicArn        = var.alarm_topic_arn
    KmsKeyArn            = var.kms_key_arn
    SecretArn            = var.secret_arn
    Architecture         = var.architecture
    DeletionProtection   = tostring(var.deletion_protection)
    LogDays              = tostring(var.log_days)
    WorkingPaperDays     = tostring(var.working_paper_days)
  }
}

# One stack for each migration; what it looks at and when is data.
resource "aws_cloudformation_stack" "migration" {
  for_each = var.migrations

  name          = "${var.name}-migration-${each.key}"
  template_body = file("${path.module}/../migration.yaml")
  capabilities  = ["CAPABILITY_IAM"]
  tags          = var.tags

  parameters = {
    Installation        = aws_cloudformation_stack.rollcall.name
    Program             = each.value.program
    Profile             = each.value.profile
    Source              = each.value.source
    Rate                = each.value.rate
    ExpectedBy          = each.value.expected_by
    ExpectedWithinHours = tostring(each.value.expected_within_hours)
    TimeZone            = each.value.time_zone
  }
}
