# Written by infra/terraform/make from infra/template.yaml. Change the template.

locals {
  makes_bucket             = var.existing_bucket == ""
  makes_identity           = var.create_sender_identity
  makes_secret             = var.secret_arn == ""
  has_key                  = !(var.kms_key_arn == "")
  has_alarm_topic          = !(var.alarm_topic_arn == "")
  is_protected             = var.deletion_protection
  keeps_drops              = var.inbox_days == 0
  keeps_results            = var.result_days == 0
  keeps_versions           = var.old_version_days == 0
  has_splitter_concurrency = !(var.splitter_concurrency == 0)
  warms_contacts           = !(var.contacts_warm_writes == 0)
  warms_directory          = !(var.directory_warm_reads == 0)
  has_boundary             = !(var.permissions_boundary_arn == "")
  is_traced                = var.tracing == "Active"
  is_sandbox               = var.ses_sandbox
  has_console              = var.make_console
  makes_users              = local.has_console && var.console_issuer == ""
  pace = {
    standard = {
      SplitterNearLimit  = 810000
      WorkerSeconds      = 60
      WorkerNearLimit    = 54000
      ChunkVisibility    = 360
      WorkerLease        = "75"
      ChunkReceives      = 5
      DeadReceives       = 10
      FinalizerSeconds   = 900
      FinalizerNearLimit = 810000
      FinalizeVisibility = 5400
      FinalizerLease     = "930"
      FinalizeReceives   = 5
      SweepAfter         = "2100"
      SweepRate          = "rate(10 minutes)"
      HeartbeatSeconds   = 1800
      CompareAfter       = "3600"
    }
    quick = {
      SplitterNearLimit  = 810000
      WorkerSeconds      = 10
      WorkerNearLimit    = 9000
      ChunkVisibility    = 60
      WorkerLease        = "13"
      ChunkReceives      = 2
      DeadReceives       = 4
      FinalizerSeconds   = 10
      FinalizerNearLimit = 9000
      FinalizeVisibility = 60
      FinalizerLease     = "13"
      FinalizeReceives   = 2
      SweepAfter         = "150"
      SweepRate          = "rate(1 minute)"
      HeartbeatSeconds   = 180
      CompareAfter       = "1"
    }
  }
  chunks = {
    Size = {
      Rows  = "2000"
      Bytes = "600000"
    }
    Batch = {
      Messages = 4
    }
  }
  alarm_actions = local.has_alarm_topic ? [var.alarm_topic_arn] : []
}

# Bucket
resource "aws_s3_bucket" "bucket" {
  count         = local.makes_bucket ? 1 : 0
  bucket_prefix = "${var.name}-"
  tags          = var.tags
  lifecycle {
    prevent_destroy = true
  }
}

# Bucket
resource "aws_s3_bucket_versioning" "bucket" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id
  versioning_configuration {
    status = "Enabled"
  }
}

# Bucket
resource "aws_s3_bucket_ownership_controls" "bucket" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Bucket
resource "aws_s3_bucket_public_access_block" "bucket" {
  count                   = local.makes_bucket ? 1 : 0
  bucket                  = aws_s3_bucket.bucket[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Bucket
resource "aws_s3_bucket_server_side_encryption_configuration" "bucket" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = local.has_key ? "aws:kms" : "AES256"
      kms_master_key_id = local.has_key ? var.kms_key_arn : null
    }
  }
}

# Bucket
resource "aws_s3_bucket_notification" "bucket" {
  count       = local.makes_bucket ? 1 : 0
  bucket      = aws_s3_bucket.bucket[0].id
  eventbridge = true
}

# Bucket
resource "aws_s3_bucket_cors_configuration" "bucket" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id
  cors_rule {
    allowed_methods = ["PUT"]
    allowed_origins = [var.console_origin]
    allowed_headers = ["content-type"]
    max_age_seconds = 3000
  }
}

# Bucket
resource "aws_s3_bucket_lifecycle_configuration" "bucket" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {
      prefix = ""
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
  rule {
    id     = "unfinished-results"
    status = "Enabled"
    filter {
      prefix = "imports/"
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
  rule {
    id     = "working-papers"
    status = "Enabled"
    filter {
      tag {
        key   = "rollcall"
        value = "working-paper"
      }
    }
    expiration {
      days = var.working_paper_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }
  rule {
    id     = "drops"
    status = local.keeps_drops ? "Disabled" : "Enabled"
    filter {
      prefix = "inbox/"
    }
    expiration {
      days = max(var.inbox_days, 1)
    }
  }
  rule {
    id     = "sources"
    status = local.keeps_drops ? "Disabled" : "Enabled"
    filter {
      prefix = "sources/"
    }
    expiration {
      days = max(var.inbox_days, 1)
    }
  }
  rule {
    id     = "results"
    status = local.keeps_results ? "Disabled" : "Enabled"
    filter {
      prefix = "imports/"
    }
    expiration {
      days = max(var.result_days, 1)
    }
  }
  rule {
    id     = "old-versions"
    status = local.keeps_versions ? "Disabled" : "Enabled"
    filter {
      prefix = ""
    }
    noncurrent_version_expiration {
      noncurrent_days = max(var.old_version_days, 1)
    }
  }
  rule {
    id     = "console-uploads"
    status = "Enabled"
    filter {
      prefix = "uploads/"
    }
    expiration {
      days = var.upload_days
    }
  }
  rule {
    id     = "markers-of-nothing"
    status = "Enabled"
    filter {
      prefix = ""
    }
    expiration {
      expired_object_delete_marker = true
    }
  }
}

# BucketPolicy
resource "aws_s3_bucket_policy" "bucket_policy" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Condition = {
          Bool = {
            "aws:SecureTransport" = "false"
          }
        }
        Resource = [one(aws_s3_bucket.bucket[*].arn), "${one(aws_s3_bucket.bucket[*].arn)}/*"]
      },
    ]
  })
}

# ChunkQueue
resource "aws_sqs_queue" "chunk_queue" {
  name_prefix                = "${var.name}-chunk-queue-"
  visibility_timeout_seconds = local.pace[var.pace]["ChunkVisibility"]
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = local.has_key ? null : true
  kms_master_key_id          = local.has_key ? var.kms_key_arn : null
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_chunk_queue.arn
    maxReceiveCount     = local.pace[var.pace]["ChunkReceives"]
  })
  tags = var.tags
}

# DeadChunkQueue
resource "aws_sqs_queue" "dead_chunk_queue" {
  name_prefix                = "${var.name}-dead-chunk-queue-"
  visibility_timeout_seconds = local.pace[var.pace]["FinalizeVisibility"]
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = local.has_key ? null : true
  kms_master_key_id          = local.has_key ? var.kms_key_arn : null
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.parked_queue.arn
    maxReceiveCount     = local.pace[var.pace]["DeadReceives"]
  })
  tags = var.tags
}

# FinalizeQueue
resource "aws_sqs_queue" "finalize_queue" {
  name_prefix                = "${var.name}-finalize-queue-"
  visibility_timeout_seconds = local.pace[var.pace]["FinalizeVisibility"]
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = local.has_key ? null : true
  kms_master_key_id          = local.has_key ? var.kms_key_arn : null
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.parked_queue.arn
    maxReceiveCount     = local.pace[var.pace]["FinalizeReceives"]
  })
  tags = var.tags
}

# FailedEventQueue
resource "aws_sqs_queue" "failed_event_queue" {
  name_prefix                = "${var.name}-failed-event-queue-"
  visibility_timeout_seconds = local.pace[var.pace]["FinalizeVisibility"]
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = local.has_key ? null : true
  kms_master_key_id          = local.has_key ? var.kms_key_arn : null
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.parked_queue.arn
    maxReceiveCount     = local.pace[var.pace]["FinalizeReceives"]
  })
  tags = var.tags
}

# WebhookQueue
resource "aws_sqs_queue" "webhook_queue" {
  name_prefix                = "${var.name}-webhook-queue-"
  visibility_timeout_seconds = 180
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = local.has_key ? null : true
  kms_master_key_id          = local.has_key ? var.kms_key_arn : null
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.parked_queue.arn
    maxReceiveCount     = 5
  })
  tags = var.tags
}

# ParkedQueue
resource "aws_sqs_queue" "parked_queue" {
  name_prefix               = "${var.name}-parked-queue-"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = local.has_key ? null : true
  kms_master_key_id         = local.has_key ? var.kms_key_arn : null
  tags                      = var.tags
}

# DirectoryTable
resource "aws_dynamodb_table" "directory_table" {
  name                        = "${var.name}-directory-table"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  deletion_protection_enabled = local.is_protected ? true : false
  attribute {
    name = "pk"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = local.has_key ? var.kms_key_arn : null
  }
  dynamic "warm_throughput" {
    for_each = local.warms_directory ? [1] : []
    content {
      read_units_per_second  = var.directory_warm_reads
      write_units_per_second = 4000
    }
  }
  tags = var.tags
  lifecycle {
    prevent_destroy = true
  }
}

# ContactsTable
resource "aws_dynamodb_table" "contacts_table" {
  name                        = "${var.name}-contacts-table"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = local.is_protected ? true : false
  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = local.has_key ? var.kms_key_arn : null
  }
  dynamic "warm_throughput" {
    for_each = local.warms_contacts ? [1] : []
    content {
      read_units_per_second  = var.contacts_warm_reads
      write_units_per_second = var.contacts_warm_writes
    }
  }
  tags = var.tags
  lifecycle {
    prevent_destroy = true
  }
}

# ImportsTable
resource "aws_dynamodb_table" "imports_table" {
  name                        = "${var.name}-imports-table"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = local.is_protected ? true : false
  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = local.has_key ? var.kms_key_arn : null
  }
  ttl {
    attribute_name = "expires"
    enabled        = true
  }
  tags = var.tags
  lifecycle {
    prevent_destroy = true
  }
}

# Secret
resource "aws_secretsmanager_secret" "secret" {
  count       = local.makes_secret ? 1 : 0
  name_prefix = "${var.name}-"
  description = "Secret of the Rollcall installation ${var.name}. It never changes."
  kms_key_id  = local.has_key ? var.kms_key_arn : null
  tags        = var.tags
  lifecycle {
    prevent_destroy = true
  }
}

# Secret
resource "aws_secretsmanager_secret_version" "secret" {
  count         = local.makes_secret ? 1 : 0
  secret_id     = aws_secretsmanager_secret.secret[0].id
  secret_string = data.aws_secretsmanager_random_password.secret[0].random_password
  lifecycle {
    ignore_changes = [secret_string]
  }
}

# Secret
data "aws_secretsmanager_random_password" "secret" {
  count               = local.makes_secret ? 1 : 0
  password_length     = 64
  exclude_punctuation = true
}

# SenderEmailIdentity
resource "aws_sesv2_email_identity" "sender_email_identity" {
  count          = local.makes_identity ? 1 : 0
  email_identity = var.sender_identity
  tags           = var.tags
}

# Mail
resource "aws_sesv2_configuration_set" "mail" {
  configuration_set_name = "${var.name}-mail"
  reputation_options {
    reputation_metrics_enabled = true
  }
  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
  tags = var.tags
}

# MailMetrics
resource "aws_sesv2_configuration_set_event_destination" "mail_metrics" {
  configuration_set_name = aws_sesv2_configuration_set.mail.configuration_set_name
  event_destination_name = "metrics"
  event_destination {
    enabled              = true
    matching_event_types = ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"]
    cloud_watch_destination {
      dimension_configuration {
        dimension_name          = "Installation"
        dimension_value_source  = "MESSAGE_TAG"
        default_dimension_value = var.name
      }
    }
  }
}

# MailTopic
resource "aws_sns_topic" "mail_topic" {
  name_prefix       = "${var.name}-mail-topic-"
  kms_master_key_id = local.has_key ? var.kms_key_arn : null
  tags              = var.tags
}

# MailTopicPolicy
resource "aws_sns_topic_policy" "mail_topic_policy" {
  arn = aws_sns_topic.mail_topic.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "MailPublishes"
        Effect = "Allow"
        Principal = {
          Service = "ses.amazonaws.com"
        }
        Action = "sns:Publish"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = data.aws_caller_identity.current.account_id
          }
        }
        Resource = aws_sns_topic.mail_topic.arn
      },
    ]
  })
}

# MailEvents
resource "aws_sesv2_configuration_set_event_destination" "mail_events" {
  configuration_set_name = aws_sesv2_configuration_set.mail.configuration_set_name
  event_destination_name = "events"
  event_destination {
    enabled              = true
    matching_event_types = ["BOUNCE", "COMPLAINT", "REJECT"]
    sns_destination {
      topic_arn = aws_sns_topic.mail_topic.arn
    }
  }
  depends_on = [aws_sns_topic_policy.mail_topic_policy]
}

# SplitterLog
resource "aws_cloudwatch_log_group" "splitter_log" {
  name              = "/rollcall/${var.name}/splitter"
  retention_in_days = var.log_days
  tags              = var.tags
}

# SplitterRole
resource "aws_iam_role" "splitter_role" {
  name_prefix          = "${var.name}-splitter-"
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
  tags = var.tags
}

# SplitterRole
resource "aws_iam_role_policy" "splitter_role" {
  name = "ports"
  role = aws_iam_role.splitter_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = aws_cloudwatch_log_group.splitter_log.arn
      },
      {
        Sid      = "ReadDropsAndSettings"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/settings/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/sources/*"]
      },
      {
        Sid      = "WritePapers"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/*"
      },
      {
        Sid      = "TellAbsent"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}"
      },
      {
        Sid      = "Imports"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.imports_table.arn
      },
      {
        Sid      = "Send"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = [aws_sqs_queue.chunk_queue.arn, aws_sqs_queue.finalize_queue.arn, aws_sqs_queue.failed_event_queue.arn]
      },
      local.is_traced ? jsondecode(jsonencode({
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      })) : null,
      local.has_key ? jsondecode(jsonencode({
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
}

# Splitter
resource "aws_lambda_function" "splitter" {
  function_name                  = "${var.name}-splitter"
  role                           = aws_iam_role.splitter_role.arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  filename                       = "${var.release}/rollcall-splitter-${var.release_version}-${var.architecture}.zip"
  source_code_hash               = filebase64sha256("${var.release}/rollcall-splitter-${var.release_version}-${var.architecture}.zip")
  memory_size                    = var.splitter_memory
  timeout                        = 900
  publish                        = true
  reserved_concurrent_executions = local.has_splitter_concurrency ? var.splitter_concurrency : -1
  tracing_config {
    mode = var.tracing
  }
  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.splitter_log.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
  environment {
    variables = {
      ROLLCALL_BUCKET             = local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket
      ROLLCALL_IMPORTS_TABLE      = aws_dynamodb_table.imports_table.name
      ROLLCALL_STACK              = var.name
      ROLLCALL_IMPORT_DAYS        = var.import_days
      ROLLCALL_CHUNK_QUEUE_URL    = aws_sqs_queue.chunk_queue.url
      ROLLCALL_FINALIZE_QUEUE_URL = aws_sqs_queue.finalize_queue.url
      ROLLCALL_CHUNK_ROWS         = local.chunks["Size"]["Rows"]
      ROLLCALL_CHUNK_BYTES        = local.chunks["Size"]["Bytes"]
      ROLLCALL_DRY_RUNS_PER_DAY   = var.dry_runs_per_day
    }
  }
  depends_on = [aws_iam_role_policy.splitter_role]
  tags       = var.tags
}

# Splitter
resource "aws_lambda_alias" "splitter" {
  name             = "live"
  function_name    = aws_lambda_function.splitter.function_name
  function_version = aws_lambda_function.splitter.version
}

# Splitter
resource "aws_lambda_function_event_invoke_config" "splitter" {
  function_name                = aws_lambda_function.splitter.function_name
  qualifier                    = aws_lambda_alias.splitter.name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_event_queue.arn
    }
  }
}

# Splitter
resource "aws_cloudwatch_event_rule" "splitter_dropped" {
  name_prefix = "${var.name}-dropped-"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = {
        name = [local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket]
      }
      object = {
        key = [
          {
            prefix = "inbox/"
          },
        ]
      }
    }
  })
  tags = var.tags
}

# Splitter
resource "aws_cloudwatch_event_target" "splitter_dropped" {
  rule = aws_cloudwatch_event_rule.splitter_dropped.name
  arn  = aws_lambda_alias.splitter.arn
  dead_letter_config {
    arn = aws_sqs_queue.failed_event_queue.arn
  }
  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# Splitter
resource "aws_lambda_permission" "splitter_dropped" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.splitter.function_name
  qualifier     = aws_lambda_alias.splitter.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.splitter_dropped.arn
}

# FailedEventQueuePolicy
resource "aws_sqs_queue_policy" "failed_event_queue_policy" {
  queue_url = aws_sqs_queue.failed_event_queue.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "UndeliveredEvents"
        Effect = "Allow"
        Principal = {
          Service = "events.amazonaws.com"
        }
        Action = "sqs:SendMessage"
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = aws_cloudwatch_event_rule.splitter_dropped.arn
          }
        }
        Resource = aws_sqs_queue.failed_event_queue.arn
      },
    ]
  })
}

# WorkerLog
resource "aws_cloudwatch_log_group" "worker_log" {
  name              = "/rollcall/${var.name}/worker"
  retention_in_days = var.log_days
  tags              = var.tags
}

# WorkerRole
resource "aws_iam_role" "worker_role" {
  name_prefix          = "${var.name}-worker-"
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
  tags = var.tags
}

# WorkerRole
resource "aws_iam_role_policy" "worker_role" {
  name = "ports"
  role = aws_iam_role.worker_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = aws_cloudwatch_log_group.worker_log.arn
      },
      {
        Sid      = "Receive"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = aws_sqs_queue.chunk_queue.arn
      },
      {
        Sid      = "WritePapers"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/*"
      },
      {
        Sid      = "ReadErased"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/erased/*"
      },
      {
        Sid      = "TellAbsent"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}"
      },
      {
        Sid      = "Secret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = local.makes_secret ? one(aws_secretsmanager_secret.secret[*].arn) : var.secret_arn
      },
      {
        Sid      = "Directory"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.directory_table.arn
      },
      {
        Sid      = "Contacts"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.contacts_table.arn
      },
      {
        Sid      = "Imports"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.imports_table.arn
      },
      {
        Sid      = "Send"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = [aws_sqs_queue.chunk_queue.arn, aws_sqs_queue.finalize_queue.arn]
      },
      local.is_traced ? jsondecode(jsonencode({
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      })) : null,
      local.has_key ? jsondecode(jsonencode({
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
}

# Worker
resource "aws_lambda_function" "worker" {
  function_name                  = "${var.name}-worker"
  role                           = aws_iam_role.worker_role.arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  filename                       = "${var.release}/rollcall-worker-${var.release_version}-${var.architecture}.zip"
  source_code_hash               = filebase64sha256("${var.release}/rollcall-worker-${var.release_version}-${var.architecture}.zip")
  memory_size                    = var.worker_memory
  timeout                        = local.pace[var.pace]["WorkerSeconds"]
  publish                        = true
  reserved_concurrent_executions = -1
  tracing_config {
    mode = var.tracing
  }
  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.worker_log.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
  environment {
    variables = {
      ROLLCALL_BUCKET             = local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket
      ROLLCALL_IMPORTS_TABLE      = aws_dynamodb_table.imports_table.name
      ROLLCALL_STACK              = var.name
      ROLLCALL_IMPORT_DAYS        = var.import_days
      ROLLCALL_DIRECTORY_TABLE    = aws_dynamodb_table.directory_table.name
      ROLLCALL_CONTACTS_TABLE     = aws_dynamodb_table.contacts_table.name
      ROLLCALL_CHUNK_QUEUE_URL    = aws_sqs_queue.chunk_queue.url
      ROLLCALL_FINALIZE_QUEUE_URL = aws_sqs_queue.finalize_queue.url
      ROLLCALL_LEASE_SECONDS      = local.pace[var.pace]["WorkerLease"]
      ROLLCALL_SECRET_ARN         = local.makes_secret ? one(aws_secretsmanager_secret.secret[*].arn) : var.secret_arn
    }
  }
  depends_on = [aws_iam_role_policy.worker_role]
  tags       = var.tags
}

# Worker
resource "aws_lambda_alias" "worker" {
  name             = "live"
  function_name    = aws_lambda_function.worker.function_name
  function_version = aws_lambda_function.worker.version
}

# Worker
resource "aws_lambda_event_source_mapping" "worker_chunks" {
  event_source_arn        = aws_sqs_queue.chunk_queue.arn
  function_name           = aws_lambda_alias.worker.arn
  batch_size              = local.chunks["Batch"]["Messages"]
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = var.worker_concurrency
  }
  tags = var.tags
}

# FinalizerLog
resource "aws_cloudwatch_log_group" "finalizer_log" {
  name              = "/rollcall/${var.name}/finalizer"
  retention_in_days = var.log_days
  tags              = var.tags
}

# FinalizerRole
resource "aws_iam_role" "finalizer_role" {
  name_prefix          = "${var.name}-finalizer-"
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
  tags = var.tags
}

# FinalizerRole
resource "aws_iam_role_policy" "finalizer_role" {
  name = "ports"
  role = aws_iam_role.finalizer_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = aws_cloudwatch_log_group.finalizer_log.arn
      },
      {
        Sid      = "Receive"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [aws_sqs_queue.finalize_queue.arn, aws_sqs_queue.dead_chunk_queue.arn, aws_sqs_queue.failed_event_queue.arn]
      },
      {
        Sid      = "ShowAgain"
        Effect   = "Allow"
        Action   = "sqs:ChangeMessageVisibility"
        Resource = aws_sqs_queue.finalize_queue.arn
      },
      {
        Sid      = "ReadDropsAndSettings"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/settings/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/sources/*"]
      },
      {
        Sid      = "WriteResults"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/*"
      },
      {
        Sid      = "TellAbsent"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}"
      },
      {
        Sid      = "Directory"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.directory_table.arn
      },
      {
        Sid      = "Contacts"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.contacts_table.arn
      },
      {
        Sid      = "Imports"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.imports_table.arn
      },
      {
        Sid      = "Count"
        Effect   = "Allow"
        Action   = "sqs:GetQueueAttributes"
        Resource = aws_sqs_queue.chunk_queue.arn
      },
      {
        Sid      = "Send"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = [aws_sqs_queue.chunk_queue.arn, aws_sqs_queue.finalize_queue.arn, aws_sqs_queue.failed_event_queue.arn, aws_sqs_queue.webhook_queue.arn]
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = "ses:SendEmail"
        Resource = compact(["arn:${data.aws_partition.current.partition}:ses:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:identity/${var.sender_identity}", "arn:${data.aws_partition.current.partition}:ses:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:configuration-set/${aws_sesv2_configuration_set.mail.configuration_set_name}", local.is_sandbox ? "arn:${data.aws_partition.current.partition}:ses:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:identity/*" : null])
      },
      local.is_traced ? jsondecode(jsonencode({
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      })) : null,
      local.has_key ? jsondecode(jsonencode({
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
}

# Finalizer
resource "aws_lambda_function" "finalizer" {
  function_name                  = "${var.name}-finalizer"
  role                           = aws_iam_role.finalizer_role.arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  filename                       = "${var.release}/rollcall-finalizer-${var.release_version}-${var.architecture}.zip"
  source_code_hash               = filebase64sha256("${var.release}/rollcall-finalizer-${var.release_version}-${var.architecture}.zip")
  memory_size                    = var.finalizer_memory
  timeout                        = local.pace[var.pace]["FinalizerSeconds"]
  publish                        = true
  reserved_concurrent_executions = -1
  tracing_config {
    mode = var.tracing
  }
  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.finalizer_log.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
  environment {
    variables = {
      ROLLCALL_BUCKET                 = local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket
      ROLLCALL_IMPORTS_TABLE          = aws_dynamodb_table.imports_table.name
      ROLLCALL_STACK                  = var.name
      ROLLCALL_IMPORT_DAYS            = var.import_days
      ROLLCALL_DIRECTORY_TABLE        = aws_dynamodb_table.directory_table.name
      ROLLCALL_CONTACTS_TABLE         = aws_dynamodb_table.contacts_table.name
      ROLLCALL_CHUNK_QUEUE_URL        = aws_sqs_queue.chunk_queue.url
      ROLLCALL_FINALIZE_QUEUE_URL     = aws_sqs_queue.finalize_queue.url
      ROLLCALL_FAILED_EVENT_QUEUE_URL = aws_sqs_queue.failed_event_queue.url
      ROLLCALL_WEBHOOK_QUEUE_URL      = aws_sqs_queue.webhook_queue.url
      ROLLCALL_COMPARE_AFTER_SECONDS  = local.pace[var.pace]["CompareAfter"]
      ROLLCALL_SENDER                 = var.sender
      ROLLCALL_CONFIGURATION_SET      = aws_sesv2_configuration_set.mail.configuration_set_name
      ROLLCALL_LEASE_SECONDS          = local.pace[var.pace]["FinalizerLease"]
      ROLLCALL_DEAD_RECEIVES          = local.pace[var.pace]["DeadReceives"]
      ROLLCALL_SWEEP_AFTER_SECONDS    = local.pace[var.pace]["SweepAfter"]
      ROLLCALL_CHUNK_ROWS             = local.chunks["Size"]["Rows"]
      ROLLCALL_CHUNK_BYTES            = local.chunks["Size"]["Bytes"]
      ROLLCALL_DRY_RUNS_PER_DAY       = var.dry_runs_per_day
    }
  }
  depends_on = [aws_iam_role_policy.finalizer_role]
  tags       = var.tags
}

# Finalizer
resource "aws_lambda_alias" "finalizer" {
  name             = "live"
  function_name    = aws_lambda_function.finalizer.function_name
  function_version = aws_lambda_function.finalizer.version
}

# Finalizer
resource "aws_lambda_function_event_invoke_config" "finalizer" {
  function_name          = aws_lambda_function.finalizer.function_name
  qualifier              = aws_lambda_alias.finalizer.name
  maximum_retry_attempts = 0
}

# Finalizer
resource "aws_lambda_event_source_mapping" "finalizer_finished" {
  event_source_arn        = aws_sqs_queue.finalize_queue.arn
  function_name           = aws_lambda_alias.finalizer.arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = var.finalizer_concurrency
  }
  tags = var.tags
}

# Finalizer
resource "aws_lambda_event_source_mapping" "finalizer_dead_chunks" {
  event_source_arn        = aws_sqs_queue.dead_chunk_queue.arn
  function_name           = aws_lambda_alias.finalizer.arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 2
  }
  tags = var.tags
}

# Finalizer
resource "aws_lambda_event_source_mapping" "finalizer_failed_events" {
  event_source_arn        = aws_sqs_queue.failed_event_queue.arn
  function_name           = aws_lambda_alias.finalizer.arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 2
  }
  tags = var.tags
}

# Finalizer
resource "aws_cloudwatch_event_rule" "finalizer_sweep" {
  name_prefix         = "${var.name}-sweep-"
  schedule_expression = local.pace[var.pace]["SweepRate"]
  tags                = var.tags
}

# Finalizer
resource "aws_cloudwatch_event_target" "finalizer_sweep" {
  rule  = aws_cloudwatch_event_rule.finalizer_sweep.name
  arn   = aws_lambda_alias.finalizer.arn
  input = "{\"rollcall\": \"sweep\"}"
}

# Finalizer
resource "aws_lambda_permission" "finalizer_sweep" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.finalizer.function_name
  qualifier     = aws_lambda_alias.finalizer.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.finalizer_sweep.arn
}

# Finalizer
resource "aws_cloudwatch_event_rule" "finalizer_compare" {
  name_prefix         = "${var.name}-compare-"
  schedule_expression = "rate(1 hour)"
  tags                = var.tags
}

# Finalizer
resource "aws_cloudwatch_event_target" "finalizer_compare" {
  rule  = aws_cloudwatch_event_rule.finalizer_compare.name
  arn   = aws_lambda_alias.finalizer.arn
  input = "{\"rollcall\": \"compare\"}"
}

# Finalizer
resource "aws_lambda_permission" "finalizer_compare" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.finalizer.function_name
  qualifier     = aws_lambda_alias.finalizer.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.finalizer_compare.arn
}

# WebhookLog
resource "aws_cloudwatch_log_group" "webhook_log" {
  name              = "/rollcall/${var.name}/webhook"
  retention_in_days = var.log_days
  tags              = var.tags
}

# WebhookRole
resource "aws_iam_role" "webhook_role" {
  name_prefix          = "${var.name}-webhook-"
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
  tags = var.tags
}

# WebhookRole
resource "aws_iam_role_policy" "webhook_role" {
  name = "ports"
  role = aws_iam_role.webhook_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = aws_cloudwatch_log_group.webhook_log.arn
      },
      {
        Sid      = "ReceiveAndSendAgain"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]
        Resource = aws_sqs_queue.webhook_queue.arn
      },
      {
        Sid      = "ReadSettings"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/settings/*"
      },
      {
        Sid      = "TellAbsent"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}"
      },
      {
        Sid      = "Secret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = local.makes_secret ? one(aws_secretsmanager_secret.secret[*].arn) : var.secret_arn
      },
      local.is_traced ? jsondecode(jsonencode({
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      })) : null,
      local.has_key ? jsondecode(jsonencode({
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
}

# Webhook
resource "aws_lambda_function" "webhook" {
  function_name                  = "${var.name}-webhook"
  role                           = aws_iam_role.webhook_role.arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  filename                       = "${var.release}/rollcall-webhook-${var.release_version}-${var.architecture}.zip"
  source_code_hash               = filebase64sha256("${var.release}/rollcall-webhook-${var.release_version}-${var.architecture}.zip")
  memory_size                    = 256
  timeout                        = 30
  publish                        = true
  reserved_concurrent_executions = -1
  tracing_config {
    mode = var.tracing
  }
  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.webhook_log.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
  environment {
    variables = {
      ROLLCALL_BUCKET            = local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket
      ROLLCALL_IMPORTS_TABLE     = aws_dynamodb_table.imports_table.name
      ROLLCALL_STACK             = var.name
      ROLLCALL_IMPORT_DAYS       = var.import_days
      ROLLCALL_WEBHOOK_QUEUE_URL = aws_sqs_queue.webhook_queue.url
      ROLLCALL_SECRET_ARN        = local.makes_secret ? one(aws_secretsmanager_secret.secret[*].arn) : var.secret_arn
    }
  }
  depends_on = [aws_iam_role_policy.webhook_role]
  tags       = var.tags
}

# Webhook
resource "aws_lambda_alias" "webhook" {
  name             = "live"
  function_name    = aws_lambda_function.webhook.function_name
  function_version = aws_lambda_function.webhook.version
}

# Webhook
resource "aws_lambda_event_source_mapping" "webhook_announcements" {
  event_source_arn        = aws_sqs_queue.webhook_queue.arn
  function_name           = aws_lambda_alias.webhook.arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 5
  }
  tags = var.tags
}

# ConsoleLog
resource "aws_cloudwatch_log_group" "console_log" {
  count             = local.has_console ? 1 : 0
  name              = "/rollcall/${var.name}/console"
  retention_in_days = var.log_days
  tags              = var.tags
}

# ConsoleRole
resource "aws_iam_role" "console_role" {
  count                = local.has_console ? 1 : 0
  name_prefix          = "${var.name}-console-"
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
  tags = var.tags
}

# ConsoleRole
resource "aws_iam_role_policy" "console_role" {
  count = local.has_console ? 1 : 0
  name  = "ports"
  role  = one(aws_iam_role.console_role[*].id)
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = one(aws_cloudwatch_log_group.console_log[*].arn)
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/settings/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/sources/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/uploads/*"]
      },
      {
        Sid      = "Drop"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/uploads/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/*"]
      },
      {
        Sid      = "SaveMappings"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/settings/mappings/*"
      },
      {
        Sid      = "MarkErased"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/erased/*"
      },
      {
        Sid      = "Remove"
        Effect   = "Allow"
        Action   = "s3:DeleteObject"
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/uploads/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/*.options.toml"]
      },
      {
        Sid      = "WriteResults"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/*"
      },
      {
        Sid      = "TellAbsent"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}"
      },
      {
        Sid      = "Secret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = local.makes_secret ? one(aws_secretsmanager_secret.secret[*].arn) : var.secret_arn
      },
      {
        Sid      = "Directory"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.directory_table.arn
      },
      {
        Sid      = "Contacts"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query"]
        Resource = aws_dynamodb_table.contacts_table.arn
      },
      {
        Sid      = "Imports"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.imports_table.arn
      },
      local.is_traced ? jsondecode(jsonencode({
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      })) : null,
      local.has_key ? jsondecode(jsonencode({
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
}

# Console
resource "aws_lambda_function" "console" {
  count                          = local.has_console ? 1 : 0
  function_name                  = "${var.name}-console"
  role                           = one(aws_iam_role.console_role[*].arn)
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  filename                       = "${var.release}/rollcall-console-${var.release_version}-${var.architecture}.zip"
  source_code_hash               = filebase64sha256("${var.release}/rollcall-console-${var.release_version}-${var.architecture}.zip")
  memory_size                    = var.console_memory
  timeout                        = 29
  publish                        = true
  reserved_concurrent_executions = -1
  tracing_config {
    mode = var.tracing
  }
  logging_config {
    log_format            = "JSON"
    log_group             = one(aws_cloudwatch_log_group.console_log[*].name)
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
  environment {
    variables = {
      ROLLCALL_BUCKET          = local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket
      ROLLCALL_IMPORTS_TABLE   = aws_dynamodb_table.imports_table.name
      ROLLCALL_STACK           = var.name
      ROLLCALL_IMPORT_DAYS     = var.import_days
      ROLLCALL_DIRECTORY_TABLE = aws_dynamodb_table.directory_table.name
      ROLLCALL_CONTACTS_TABLE  = aws_dynamodb_table.contacts_table.name
      ROLLCALL_SECRET_ARN      = local.makes_secret ? one(aws_secretsmanager_secret.secret[*].arn) : var.secret_arn
      ROLLCALL_PROGRAMS_CLAIM  = local.makes_users ? "custom:rollcall_programs" : "rollcall_programs"
    }
  }
  depends_on = [aws_iam_role_policy.console_role]
  tags       = var.tags
}

# Console
resource "aws_lambda_alias" "console" {
  count            = local.has_console ? 1 : 0
  name             = "live"
  function_name    = one(aws_lambda_function.console[*].function_name)
  function_version = one(aws_lambda_function.console[*].version)
}

# ConsoleApi
resource "aws_apigatewayv2_api" "console_api" {
  count         = local.has_console ? 1 : 0
  name          = "${var.name}-console"
  protocol_type = "HTTP"
  tags          = var.tags
}

# ConsolePermission
resource "aws_lambda_permission" "console_permission" {
  count         = local.has_console ? 1 : 0
  action        = "lambda:InvokeFunction"
  function_name = one(aws_lambda_function.console[*].function_name)
  qualifier     = one(aws_lambda_alias.console[*].name)
  principal     = "apigateway.amazonaws.com"
  source_arn    = "arn:${data.aws_partition.current.partition}:execute-api:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:${one(aws_apigatewayv2_api.console_api[*].id)}/*"
}

# ConsoleIntegration
resource "aws_apigatewayv2_integration" "console_integration" {
  count                  = local.has_console ? 1 : 0
  api_id                 = one(aws_apigatewayv2_api.console_api[*].id)
  integration_type       = "AWS_PROXY"
  integration_uri        = one(aws_lambda_alias.console[*].arn)
  payload_format_version = "2.0"
}

# ConsoleAuthorizer
resource "aws_apigatewayv2_authorizer" "console_authorizer" {
  count            = local.has_console ? 1 : 0
  api_id           = one(aws_apigatewayv2_api.console_api[*].id)
  name             = "tokens"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  jwt_configuration {
    issuer   = local.makes_users ? "https://cognito-idp.${data.aws_region.current.region}.amazonaws.com/${one(aws_cognito_user_pool.console_users[*].id)}" : var.console_issuer
    audience = [local.makes_users ? one(aws_cognito_user_pool_client.console_client[*].id) : var.console_audience]
  }
}

# ConsoleRoute
resource "aws_apigatewayv2_route" "console_route" {
  count              = local.has_console ? 1 : 0
  api_id             = one(aws_apigatewayv2_api.console_api[*].id)
  route_key          = "$default"
  authorization_type = "JWT"
  authorizer_id      = one(aws_apigatewayv2_authorizer.console_authorizer[*].id)
  target             = "integrations/${one(aws_apigatewayv2_integration.console_integration[*].id)}"
}

# ConsoleApiLog
resource "aws_cloudwatch_log_group" "console_api_log" {
  count             = local.has_console ? 1 : 0
  name              = "/rollcall/${var.name}/console_api"
  retention_in_days = var.log_days
  tags              = var.tags
}

# ConsoleStage
resource "aws_apigatewayv2_stage" "console_stage" {
  count       = local.has_console ? 1 : 0
  api_id      = one(aws_apigatewayv2_api.console_api[*].id)
  name        = "$default"
  auto_deploy = true
  default_route_settings {
    throttling_burst_limit = 200
    throttling_rate_limit  = 100
  }
  access_log_settings {
    destination_arn = one(aws_cloudwatch_log_group.console_api_log[*].arn)
    format          = "{\"request\": \"$context.requestId\", \"subject\": \"$context.authorizer.claims.sub\", \"status\": \"$context.status\", \"milliseconds\": \"$context.responseLatency\", \"refused\": \"$context.authorizer.error\", \"error\": \"$context.integrationErrorMessage\"}"
  }
  tags = var.tags
}

# ConsoleUsers
resource "aws_cognito_user_pool" "console_users" {
  count                    = local.makes_users ? 1 : 0
  name                     = "${var.name}-console"
  deletion_protection      = local.is_protected ? "ACTIVE" : "INACTIVE"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  admin_create_user_config {
    allow_admin_create_user_only = true
  }
  mfa_configuration = "OPTIONAL"
  software_token_mfa_configuration {
    enabled = true
  }
  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = false
    require_uppercase                = true
    temporary_password_validity_days = 7
  }
  schema {
    name                = "rollcall_programs"
    attribute_data_type = "String"
    mutable             = true
    string_attribute_constraints {
      max_length = "2048"
    }
  }
  tags = var.tags
  lifecycle {
    prevent_destroy = true
  }
}

# ConsoleClient
resource "aws_cognito_user_pool_client" "console_client" {
  count                         = local.makes_users ? 1 : 0
  user_pool_id                  = one(aws_cognito_user_pool.console_users[*].id)
  name                          = "console"
  explicit_auth_flows           = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  access_token_validity         = 60
  id_token_validity             = 60
  refresh_token_validity        = 30
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }
  read_attributes  = ["email", "custom:rollcall_programs"]
  write_attributes = ["email"]
}

# FinishedTopic
resource "aws_sns_topic" "finished_topic" {
  name_prefix       = "${var.name}-finished-topic-"
  kms_master_key_id = local.has_key ? var.kms_key_arn : null
  tags              = var.tags
}

# FinishedTopicPolicy
resource "aws_sns_topic_policy" "finished_topic_policy" {
  arn = aws_sns_topic.finished_topic.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "EventsPublish"
        Effect = "Allow"
        Principal = {
          Service = "events.amazonaws.com"
        }
        Action = "sns:Publish"
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = aws_cloudwatch_event_rule.finished_rule.arn
          }
        }
        Resource = aws_sns_topic.finished_topic.arn
      },
    ]
  })
}

# FinishedRule
resource "aws_cloudwatch_event_rule" "finished_rule" {
  name_prefix = "${var.name}-finished-rule-"
  description = "An import has ended, its summary.json is there."
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = {
        name = [local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket]
      }
      object = {
        key = [
          {
            wildcard = "imports/*/summary.json"
          },
        ]
      }
    }
  })
  tags = var.tags
}

# FinishedRule
resource "aws_cloudwatch_event_target" "finished_rule" {
  rule      = aws_cloudwatch_event_rule.finished_rule.name
  target_id = "topic"
  arn       = aws_sns_topic.finished_topic.arn
}

# SweepFindings
resource "aws_cloudwatch_log_metric_filter" "sweep_findings" {
  name           = "${var.name}-sweep-findings"
  log_group_name = aws_cloudwatch_log_group.finalizer_log.name
  pattern        = "{ $.fields.message = \"swept\" }"
  metric_transformation {
    namespace = "Rollcall/${var.name}"
    name      = "SweepFindings"
    value     = "1"
  }
}

# LettersRefused
resource "aws_cloudwatch_log_metric_filter" "letters_refused" {
  name           = "${var.name}-letters-refused"
  log_group_name = aws_cloudwatch_log_group.finalizer_log.name
  pattern        = "{ $.fields.message = \"letter refused*\" }"
  metric_transformation {
    namespace = "Rollcall/${var.name}"
    name      = "LettersRefused"
    value     = "1"
  }
}

# FilesMissing
resource "aws_cloudwatch_log_metric_filter" "files_missing" {
  name           = "${var.name}-files-missing"
  log_group_name = aws_cloudwatch_log_group.splitter_log.name
  pattern        = "{ $.fields.message = \"expected file missing\" }"
  metric_transformation {
    namespace = "Rollcall/${var.name}"
    name      = "MigrationFindings"
    value     = "1"
  }
}

# LooksFailed
resource "aws_cloudwatch_log_metric_filter" "looks_failed" {
  name           = "${var.name}-looks-failed"
  log_group_name = aws_cloudwatch_log_group.finalizer_log.name
  pattern        = "{ $.fields.message = \"scheduled migration failed*\" }"
  metric_transformation {
    namespace = "Rollcall/${var.name}"
    name      = "MigrationFindings"
    value     = "1"
  }
}

# WebhooksGivenUp
resource "aws_cloudwatch_log_metric_filter" "webhooks_given_up" {
  name           = "${var.name}-webhooks-given-up"
  log_group_name = aws_cloudwatch_log_group.webhook_log.name
  pattern        = "{ $.fields.message = \"webhook given up*\" }"
  metric_transformation {
    namespace = "Rollcall/${var.name}"
    name      = "WebhooksGivenUp"
    value     = "1"
  }
}

# DryRunsUsedUp
resource "aws_cloudwatch_log_metric_filter" "dry_runs_used_up" {
  name           = "${var.name}-dry-runs-used-up"
  log_group_name = aws_cloudwatch_log_group.splitter_log.name
  pattern        = "{ $.fields.message = \"dry runs used up\" }"
  metric_transformation {
    namespace = "Rollcall/${var.name}"
    name      = "DryRunsUsedUp"
    value     = "1"
  }
}

# ImportFailedAlarm
resource "aws_cloudwatch_metric_alarm" "import_failed_alarm" {
  alarm_name          = "${var.name}-import-failed-alarm"
  alarm_description   = "An import ended as failed; runbook, an import failed."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall"
  metric_name         = "ImportFailed"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    Stack = var.name
  }
  tags = var.tags
}

# ImportIncompleteAlarm
resource "aws_cloudwatch_metric_alarm" "import_incomplete_alarm" {
  alarm_name          = "${var.name}-import-incomplete-alarm"
  alarm_description   = "An import ended and rows of it are not known to be stored; runbook, an import is incomplete."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall"
  metric_name         = "ImportIncomplete"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    Stack = var.name
  }
  tags = var.tags
}

# OldestImportAlarm
resource "aws_cloudwatch_metric_alarm" "oldest_import_alarm" {
  alarm_name          = "${var.name}-oldest-import-alarm"
  alarm_description   = "An import has not ended for longer than it should take; runbook, an import hangs."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  threshold           = var.oldest_import_seconds
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall"
  metric_name         = "OldestUnfinishedSeconds"
  statistic           = "Maximum"
  period              = 600
  dimensions = {
    Stack = var.name
  }
  tags = var.tags
}

# MigrationAlarm
resource "aws_cloudwatch_metric_alarm" "migration_alarm" {
  alarm_name          = "${var.name}-migration-alarm"
  alarm_description   = "A file of a scheduled migration is not there, or could not be looked for; runbook, migrations."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall/${var.name}"
  metric_name         = "MigrationFindings"
  statistic           = "Sum"
  period              = 300
  tags                = var.tags
}

# QuotaAlarm
resource "aws_cloudwatch_metric_alarm" "quota_alarm" {
  alarm_name          = "${var.name}-quota-alarm"
  alarm_description   = "A program used up its dry runs of the day, and further ones are refused; runbook, dry runs."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall/${var.name}"
  metric_name         = "DryRunsUsedUp"
  statistic           = "Sum"
  period              = 300
  tags                = var.tags
}

# SweepAlarm
resource "aws_cloudwatch_metric_alarm" "sweep_alarm" {
  alarm_name          = "${var.name}-sweep-alarm"
  alarm_description   = "The sweep found imports that hung; runbook, an import hangs."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall/${var.name}"
  metric_name         = "SweepFindings"
  statistic           = "Sum"
  period              = 600
  tags                = var.tags
}

# HeartbeatAlarm
resource "aws_cloudwatch_metric_alarm" "heartbeat_alarm" {
  alarm_name          = "${var.name}-heartbeat-alarm"
  alarm_description   = "The sweep does not run, or fails each time, so an import that hangs is found by nobody; runbook, the sweep is silent."
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 1
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall"
  metric_name         = "SweepHeartbeat"
  statistic           = "Sum"
  period              = local.pace[var.pace]["HeartbeatSeconds"]
  dimensions = {
    Stack = var.name
  }
  tags = var.tags
}

# ParkedAlarm
resource "aws_cloudwatch_metric_alarm" "parked_alarm" {
  alarm_name          = "${var.name}-parked-alarm"
  alarm_description   = "A message waits for a person; runbook, redrive."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  statistic           = "Maximum"
  period              = 300
  dimensions = {
    QueueName = aws_sqs_queue.parked_queue.name
  }
  tags = var.tags
}

# DeadChunkAlarm
resource "aws_cloudwatch_metric_alarm" "dead_chunk_alarm" {
  alarm_name          = "${var.name}-dead-chunk-alarm"
  alarm_description   = "Chunks fail for good and their rows are answered for as unprocessed; runbook, an import is incomplete."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/SQS"
  metric_name         = "NumberOfMessagesReceived"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    QueueName = aws_sqs_queue.dead_chunk_queue.name
  }
  tags = var.tags
}

# FailedEventAlarm
resource "aws_cloudwatch_metric_alarm" "failed_event_alarm" {
  alarm_name          = "${var.name}-failed-event-alarm"
  alarm_description   = "A dropped file could not be split; runbook, events fail."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/SQS"
  metric_name         = "NumberOfMessagesReceived"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    QueueName = aws_sqs_queue.failed_event_queue.name
  }
  tags = var.tags
}

# ChunkAgeAlarm
resource "aws_cloudwatch_metric_alarm" "chunk_age_alarm" {
  alarm_name          = "${var.name}-chunk-age-alarm"
  alarm_description   = "Chunks wait for longer than an hour; runbook, throttling."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 3600
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  statistic           = "Maximum"
  period              = 300
  dimensions = {
    QueueName = aws_sqs_queue.chunk_queue.name
  }
  tags = var.tags
}

# FinalizeAgeAlarm
resource "aws_cloudwatch_metric_alarm" "finalize_age_alarm" {
  alarm_name          = "${var.name}-finalize-age-alarm"
  alarm_description   = "Imports whose rows are all done wait for their results for longer than an hour; runbook, an import hangs."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 3600
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  statistic           = "Maximum"
  period              = 300
  dimensions = {
    QueueName = aws_sqs_queue.finalize_queue.name
  }
  tags = var.tags
}

# LostEventsAlarm
resource "aws_cloudwatch_metric_alarm" "lost_events_alarm" {
  alarm_name          = "${var.name}-lost-events-alarm"
  alarm_description   = "An event was dropped with no dead letter, so a file may be missing; runbook, events fail."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  metric_query {
    id          = "total"
    expression  = "SUM(METRICS())"
    label       = "total"
    return_data = true
  }
  metric_query {
    id          = "m1"
    return_data = false
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "AsyncEventsDropped"
      period      = 300
      stat        = "Sum"
      dimensions = {
        FunctionName = aws_lambda_function.splitter.function_name
      }
    }
  }
  metric_query {
    id          = "m2"
    return_data = false
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "DestinationDeliveryFailures"
      period      = 300
      stat        = "Sum"
      dimensions = {
        FunctionName = aws_lambda_function.splitter.function_name
      }
    }
  }
  metric_query {
    id          = "m3"
    return_data = false
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "AsyncEventsDropped"
      period      = 300
      stat        = "Sum"
      dimensions = {
        FunctionName = aws_lambda_function.finalizer.function_name
      }
    }
  }
  metric_query {
    id          = "m4"
    return_data = false
    metric {
      namespace   = "AWS/Events"
      metric_name = "InvocationsFailedToBeSentToDlq"
      period      = 300
      stat        = "Sum"
      dimensions = {
        RuleName = aws_cloudwatch_event_rule.splitter_dropped.name
      }
    }
  }
  metric_query {
    id          = "m5"
    return_data = false
    metric {
      namespace   = "AWS/Events"
      metric_name = "FailedInvocations"
      period      = 300
      stat        = "Sum"
      dimensions = {
        RuleName = aws_cloudwatch_event_rule.splitter_dropped.name
      }
    }
  }
  tags = var.tags
}

# WebhookErrorsAlarm
resource "aws_cloudwatch_metric_alarm" "webhook_errors_alarm" {
  alarm_name          = "${var.name}-webhook-errors-alarm"
  alarm_description   = "The webhook fails again and again; runbook, a function fails."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  threshold           = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  period              = 600
  dimensions = {
    FunctionName = aws_lambda_function.webhook.function_name
  }
  tags = var.tags
}

# WebhookThrottlesAlarm
resource "aws_cloudwatch_metric_alarm" "webhook_throttles_alarm" {
  alarm_name          = "${var.name}-webhook-throttles-alarm"
  alarm_description   = "Lambda throttles the webhook; runbook, throttling."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    FunctionName = aws_lambda_function.webhook.function_name
  }
  tags = var.tags
}

# WebhookDurationAlarm
resource "aws_cloudwatch_metric_alarm" "webhook_duration_alarm" {
  alarm_name          = "${var.name}-webhook-duration-alarm"
  alarm_description   = "The webhook comes near its time limit; runbook, webhooks."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 27000
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  statistic           = "Maximum"
  period              = 300
  dimensions = {
    FunctionName = aws_lambda_function.webhook.function_name
  }
  tags = var.tags
}

# WebhookGivenUpAlarm
resource "aws_cloudwatch_metric_alarm" "webhook_given_up_alarm" {
  alarm_name          = "${var.name}-webhook-given-up-alarm"
  alarm_description   = "The server of a program did not take what it was told for a day; runbook, webhooks."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall/${var.name}"
  metric_name         = "WebhooksGivenUp"
  statistic           = "Sum"
  period              = 300
  tags                = var.tags
}

# ConsoleErrorsAlarm
resource "aws_cloudwatch_metric_alarm" "console_errors_alarm" {
  count               = local.has_console ? 1 : 0
  alarm_name          = "${var.name}-console-errors-alarm"
  alarm_description   = "The console fails again and again; runbook, a function fails."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  threshold           = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  period              = 600
  dimensions = {
    FunctionName = one(aws_lambda_function.console[*].function_name)
  }
  tags = var.tags
}

# ConsoleThrottlesAlarm
resource "aws_cloudwatch_metric_alarm" "console_throttles_alarm" {
  count               = local.has_console ? 1 : 0
  alarm_name          = "${var.name}-console-throttles-alarm"
  alarm_description   = "Lambda throttles the console; runbook, throttling."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    FunctionName = one(aws_lambda_function.console[*].function_name)
  }
  tags = var.tags
}

# ConsoleDurationAlarm
resource "aws_cloudwatch_metric_alarm" "console_duration_alarm" {
  count               = local.has_console ? 1 : 0
  alarm_name          = "${var.name}-console-duration-alarm"
  alarm_description   = "The console comes near its time limit; runbook, the console."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 26100
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  statistic           = "Maximum"
  period              = 300
  dimensions = {
    FunctionName = one(aws_lambda_function.console[*].function_name)
  }
  tags = var.tags
}

# ConsoleAnswersAlarm
resource "aws_cloudwatch_metric_alarm" "console_answers_alarm" {
  count               = local.has_console ? 1 : 0
  alarm_name          = "${var.name}-console-answers-alarm"
  alarm_description   = "The console answers with errors of the server; runbook, the console."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  threshold           = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/ApiGateway"
  metric_name         = "5xx"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    ApiId = one(aws_apigatewayv2_api.console_api[*].id)
  }
  tags = var.tags
}

# SplitterErrorsAlarm
resource "aws_cloudwatch_metric_alarm" "splitter_errors_alarm" {
  alarm_name          = "${var.name}-splitter-errors-alarm"
  alarm_description   = "The splitter fails again and again; runbook, a function fails."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  threshold           = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  period              = 600
  dimensions = {
    FunctionName = aws_lambda_function.splitter.function_name
  }
  tags = var.tags
}

# WorkerErrorsAlarm
resource "aws_cloudwatch_metric_alarm" "worker_errors_alarm" {
  alarm_name          = "${var.name}-worker-errors-alarm"
  alarm_description   = "The worker fails again and again; runbook, a function fails."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  threshold           = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  period              = 600
  dimensions = {
    FunctionName = aws_lambda_function.worker.function_name
  }
  tags = var.tags
}

# FinalizerErrorsAlarm
resource "aws_cloudwatch_metric_alarm" "finalizer_errors_alarm" {
  alarm_name          = "${var.name}-finalizer-errors-alarm"
  alarm_description   = "The finalizer fails again and again; runbook, a function fails."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  threshold           = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  period              = 600
  dimensions = {
    FunctionName = aws_lambda_function.finalizer.function_name
  }
  tags = var.tags
}

# SplitterThrottlesAlarm
resource "aws_cloudwatch_metric_alarm" "splitter_throttles_alarm" {
  alarm_name          = "${var.name}-splitter-throttles-alarm"
  alarm_description   = "Lambda throttles the splitter; runbook, throttling."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    FunctionName = aws_lambda_function.splitter.function_name
  }
  tags = var.tags
}

# WorkerThrottlesAlarm
resource "aws_cloudwatch_metric_alarm" "worker_throttles_alarm" {
  alarm_name          = "${var.name}-worker-throttles-alarm"
  alarm_description   = "Lambda throttles the worker; runbook, throttling."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    FunctionName = aws_lambda_function.worker.function_name
  }
  tags = var.tags
}

# FinalizerThrottlesAlarm
resource "aws_cloudwatch_metric_alarm" "finalizer_throttles_alarm" {
  alarm_name          = "${var.name}-finalizer-throttles-alarm"
  alarm_description   = "Lambda throttles the finalizer; runbook, throttling."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    FunctionName = aws_lambda_function.finalizer.function_name
  }
  tags = var.tags
}

# SplitterDurationAlarm
resource "aws_cloudwatch_metric_alarm" "splitter_duration_alarm" {
  alarm_name          = "${var.name}-splitter-duration-alarm"
  alarm_description   = "The splitter comes near its time limit; runbook, very large files."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = local.pace[var.pace]["SplitterNearLimit"]
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  statistic           = "Maximum"
  period              = 300
  dimensions = {
    FunctionName = aws_lambda_function.splitter.function_name
  }
  tags = var.tags
}

# WorkerDurationAlarm
resource "aws_cloudwatch_metric_alarm" "worker_duration_alarm" {
  alarm_name          = "${var.name}-worker-duration-alarm"
  alarm_description   = "The worker comes near its time limit; runbook, very large files."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = local.pace[var.pace]["WorkerNearLimit"]
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  statistic           = "Maximum"
  period              = 300
  dimensions = {
    FunctionName = aws_lambda_function.worker.function_name
  }
  tags = var.tags
}

# FinalizerDurationAlarm
resource "aws_cloudwatch_metric_alarm" "finalizer_duration_alarm" {
  alarm_name          = "${var.name}-finalizer-duration-alarm"
  alarm_description   = "The finalizer comes near its time limit; runbook, very large files."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = local.pace[var.pace]["FinalizerNearLimit"]
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  statistic           = "Maximum"
  period              = 300
  dimensions = {
    FunctionName = aws_lambda_function.finalizer.function_name
  }
  tags = var.tags
}

# ThrottlesAlarm
resource "aws_cloudwatch_metric_alarm" "throttles_alarm" {
  alarm_name          = "${var.name}-throttles-alarm"
  alarm_description   = "DynamoDB throttles writes of contacts; runbook, throttling."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 1000
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  statistic           = "Sum"
  period              = 300
  dimensions = {
    TableName = aws_dynamodb_table.contacts_table.name
  }
  tags = var.tags
}

# TableThrottlesAlarm
resource "aws_cloudwatch_metric_alarm" "table_throttles_alarm" {
  alarm_name          = "${var.name}-table-throttles-alarm"
  alarm_description   = "DynamoDB throttles reads, or writes of the directory or of imports; runbook, throttling."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 1000
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  metric_query {
    id          = "total"
    expression  = "SUM(METRICS())"
    label       = "total"
    return_data = true
  }
  metric_query {
    id          = "m1"
    return_data = false
    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "ReadThrottleEvents"
      period      = 300
      stat        = "Sum"
      dimensions = {
        TableName = aws_dynamodb_table.contacts_table.name
      }
    }
  }
  metric_query {
    id          = "m2"
    return_data = false
    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "ReadThrottleEvents"
      period      = 300
      stat        = "Sum"
      dimensions = {
        TableName = aws_dynamodb_table.directory_table.name
      }
    }
  }
  metric_query {
    id          = "m3"
    return_data = false
    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "WriteThrottleEvents"
      period      = 300
      stat        = "Sum"
      dimensions = {
        TableName = aws_dynamodb_table.directory_table.name
      }
    }
  }
  metric_query {
    id          = "m4"
    return_data = false
    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "ReadThrottleEvents"
      period      = 300
      stat        = "Sum"
      dimensions = {
        TableName = aws_dynamodb_table.imports_table.name
      }
    }
  }
  metric_query {
    id          = "m5"
    return_data = false
    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "WriteThrottleEvents"
      period      = 300
      stat        = "Sum"
      dimensions = {
        TableName = aws_dynamodb_table.imports_table.name
      }
    }
  }
  tags = var.tags
}

# LetterAlarm
resource "aws_cloudwatch_metric_alarm" "letter_alarm" {
  alarm_name          = "${var.name}-letter-alarm"
  alarm_description   = "SES refused a notification e-mail; runbook, e-mail."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  namespace           = "Rollcall/${var.name}"
  metric_name         = "LettersRefused"
  statistic           = "Sum"
  period              = 300
  tags                = var.tags
}

# BounceAlarm
resource "aws_cloudwatch_metric_alarm" "bounce_alarm" {
  alarm_name          = "${var.name}-bounce-alarm"
  alarm_description   = "Notification e-mails bounce, or their readers complain; runbook, e-mail."
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = var.bounce_limit
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  metric_query {
    id          = "total"
    expression  = "SUM(METRICS())"
    label       = "total"
    return_data = true
  }
  metric_query {
    id          = "m1"
    return_data = false
    metric {
      namespace   = "AWS/SES"
      metric_name = "Bounce"
      period      = 900
      stat        = "Sum"
      dimensions = {
        Installation = var.name
      }
    }
  }
  metric_query {
    id          = "m2"
    return_data = false
    metric {
      namespace   = "AWS/SES"
      metric_name = "Complaint"
      period      = 900
      stat        = "Sum"
      dimensions = {
        Installation = var.name
      }
    }
  }
  tags = var.tags
}

# Dashboard
resource "aws_cloudwatch_dashboard" "dashboard" {
  dashboard_name = "${var.name}-${data.aws_region.current.region}"
  dashboard_body = jsonencode({
    widgets = [
      {
        type   = "metric"
        x      = 0
        y      = 0
        width  = 8
        height = 6
        properties = {
          title  = "Rows"
          region = data.aws_region.current.region
          stat   = "Sum"
          period = 60
          metrics = [
            [
              "Rollcall",
              "ChunkRows",
              "Stack",
              var.name,
              {
                label = "rows"
              },
            ],
            [
              "Rollcall",
              "ChunkRejected",
              "Stack",
              var.name,
              {
                label = "rejected"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 0
        width  = 8
        height = 6
        properties = {
          title  = "Imports"
          region = data.aws_region.current.region
          stat   = "Sum"
          period = 60
          metrics = [
            [
              "Rollcall",
              "UnfinishedImports",
              "Stack",
              var.name,
              {
                label = "not ended"
                stat  = "Maximum"
              },
            ],
            [
              "Rollcall",
              "ImportFailed",
              "Stack",
              var.name,
              {
                label = "failed"
              },
            ],
            [
              "Rollcall",
              "ImportIncomplete",
              "Stack",
              var.name,
              {
                label = "incomplete"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 0
        width  = 8
        height = 6
        properties = {
          title  = "Oldest import, seconds"
          region = data.aws_region.current.region
          stat   = "Maximum"
          period = 60
          metrics = [
            [
              "Rollcall",
              "OldestUnfinishedSeconds",
              "Stack",
              var.name,
              {
                label = "oldest"
              },
            ],
            [
              "Rollcall",
              "ImportSeconds",
              "Stack",
              var.name,
              {
                label = "longest that ended"
              },
            ],
            [
              "Rollcall",
              "ImportWaitSeconds",
              "Stack",
              var.name,
              {
                label = "longest wait for a turn"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 6
        width  = 8
        height = 6
        properties = {
          title  = "Messages"
          region = data.aws_region.current.region
          stat   = "Maximum"
          period = 60
          metrics = [
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              aws_sqs_queue.chunk_queue.name,
              {
                label = "chunks"
              },
            ],
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              aws_sqs_queue.finalize_queue.name,
              {
                label = "finished imports"
              },
            ],
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              aws_sqs_queue.dead_chunk_queue.name,
              {
                label = "dead chunks"
              },
            ],
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              aws_sqs_queue.failed_event_queue.name,
              {
                label = "failed events"
              },
            ],
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              aws_sqs_queue.parked_queue.name,
              {
                label = "parked"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 6
        width  = 8
        height = 6
        properties = {
          title  = "Age of the oldest message, seconds"
          region = data.aws_region.current.region
          stat   = "Maximum"
          period = 60
          metrics = [
            [
              "AWS/SQS",
              "ApproximateAgeOfOldestMessage",
              "QueueName",
              aws_sqs_queue.chunk_queue.name,
              {
                label = "chunks"
              },
            ],
            [
              "AWS/SQS",
              "ApproximateAgeOfOldestMessage",
              "QueueName",
              aws_sqs_queue.finalize_queue.name,
              {
                label = "finished imports"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 6
        width  = 8
        height = 6
        properties = {
          title  = "Chunks"
          region = data.aws_region.current.region
          stat   = "Sum"
          period = 60
          metrics = [
            [
              "Rollcall",
              "ChunkMilliseconds",
              "Stack",
              var.name,
              {
                label = "ms, p95"
                stat  = "p95"
              },
            ],
            [
              "Rollcall",
              "ChunkRetries",
              "Stack",
              var.name,
              {
                label = "retries"
                yAxis = "right"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "Duration, longest"
          region = data.aws_region.current.region
          stat   = "Maximum"
          period = 60
          metrics = [
            [
              "AWS/Lambda",
              "Duration",
              "FunctionName",
              aws_lambda_function.splitter.function_name,
              {
                label = "splitter"
              },
            ],
            [
              "AWS/Lambda",
              "Duration",
              "FunctionName",
              aws_lambda_function.worker.function_name,
              {
                label = "worker"
              },
            ],
            [
              "AWS/Lambda",
              "Duration",
              "FunctionName",
              aws_lambda_function.finalizer.function_name,
              {
                label = "finalizer"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "Errors and throttles of functions"
          region = data.aws_region.current.region
          stat   = "Sum"
          period = 60
          metrics = [
            [
              "AWS/Lambda",
              "Errors",
              "FunctionName",
              aws_lambda_function.splitter.function_name,
              {
                label = "splitter errors"
              },
            ],
            [
              "AWS/Lambda",
              "Errors",
              "FunctionName",
              aws_lambda_function.worker.function_name,
              {
                label = "worker errors"
              },
            ],
            [
              "AWS/Lambda",
              "Errors",
              "FunctionName",
              aws_lambda_function.finalizer.function_name,
              {
                label = "finalizer errors"
              },
            ],
            [
              "AWS/Lambda",
              "Throttles",
              "FunctionName",
              aws_lambda_function.splitter.function_name,
              {
                label = "splitter throttles"
              },
            ],
            [
              "AWS/Lambda",
              "Throttles",
              "FunctionName",
              aws_lambda_function.worker.function_name,
              {
                label = "worker throttles"
              },
            ],
            [
              "AWS/Lambda",
              "Throttles",
              "FunctionName",
              aws_lambda_function.finalizer.function_name,
              {
                label = "finalizer throttles"
              },
            ],
            [
              "AWS/Lambda",
              "AsyncEventsDropped",
              "FunctionName",
              aws_lambda_function.splitter.function_name,
              {
                label = "events dropped"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "Running at a time"
          region = data.aws_region.current.region
          stat   = "Maximum"
          period = 60
          metrics = [
            [
              "AWS/Lambda",
              "ConcurrentExecutions",
              "FunctionName",
              aws_lambda_function.splitter.function_name,
              {
                label = "splitter"
              },
            ],
            [
              "AWS/Lambda",
              "ConcurrentExecutions",
              "FunctionName",
              aws_lambda_function.worker.function_name,
              {
                label = "worker"
              },
            ],
            [
              "AWS/Lambda",
              "ConcurrentExecutions",
              "FunctionName",
              aws_lambda_function.finalizer.function_name,
              {
                label = "finalizer"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 18
        width  = 8
        height = 6
        properties = {
          title  = "Units"
          region = data.aws_region.current.region
          stat   = "Sum"
          period = 60
          metrics = [
            [
              "AWS/DynamoDB",
              "ConsumedWriteCapacityUnits",
              "TableName",
              aws_dynamodb_table.contacts_table.name,
              {
                label = "write contacts"
              },
            ],
            [
              "AWS/DynamoDB",
              "ConsumedReadCapacityUnits",
              "TableName",
              aws_dynamodb_table.contacts_table.name,
              {
                label = "read contacts"
              },
            ],
            [
              "AWS/DynamoDB",
              "ConsumedReadCapacityUnits",
              "TableName",
              aws_dynamodb_table.directory_table.name,
              {
                label = "read directory"
              },
            ],
            [
              "AWS/DynamoDB",
              "ConsumedWriteCapacityUnits",
              "TableName",
              aws_dynamodb_table.imports_table.name,
              {
                label = "write imports"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 18
        width  = 8
        height = 6
        properties = {
          title  = "Throttled by tables"
          region = data.aws_region.current.region
          stat   = "Sum"
          period = 60
          metrics = [
            [
              "AWS/DynamoDB",
              "WriteThrottleEvents",
              "TableName",
              aws_dynamodb_table.contacts_table.name,
              {
                label = "writes of contacts"
              },
            ],
            [
              "AWS/DynamoDB",
              "ReadThrottleEvents",
              "TableName",
              aws_dynamodb_table.contacts_table.name,
              {
                label = "reads of contacts"
              },
            ],
            [
              "AWS/DynamoDB",
              "WriteThrottleEvents",
              "TableName",
              aws_dynamodb_table.directory_table.name,
              {
                label = "writes of directory"
              },
            ],
            [
              "AWS/DynamoDB",
              "ReadThrottleEvents",
              "TableName",
              aws_dynamodb_table.directory_table.name,
              {
                label = "reads of directory"
              },
            ],
            [
              "AWS/DynamoDB",
              "WriteThrottleEvents",
              "TableName",
              aws_dynamodb_table.imports_table.name,
              {
                label = "writes of imports"
              },
            ],
            [
              "AWS/DynamoDB",
              "ReadThrottleEvents",
              "TableName",
              aws_dynamodb_table.imports_table.name,
              {
                label = "reads of imports"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 18
        width  = 8
        height = 6
        properties = {
          title  = "E-mail"
          region = data.aws_region.current.region
          stat   = "Sum"
          period = 60
          metrics = [
            [
              "AWS/SES",
              "Send",
              "Installation",
              var.name,
              {
                label = "send"
              },
            ],
            [
              "AWS/SES",
              "Delivery",
              "Installation",
              var.name,
              {
                label = "delivery"
              },
            ],
            [
              "AWS/SES",
              "Bounce",
              "Installation",
              var.name,
              {
                label = "bounce"
              },
            ],
            [
              "AWS/SES",
              "Complaint",
              "Installation",
              var.name,
              {
                label = "complaint"
              },
            ],
            [
              "AWS/SES",
              "Reject",
              "Installation",
              var.name,
              {
                label = "reject"
              },
            ],
          ]
        }
      },
      {
        type   = "log"
        x      = 0
        y      = 24
        width  = 12
        height = 6
        properties = {
          title  = "Rows by program"
          region = data.aws_region.current.region
          view   = "table"
          query  = "SOURCE '${aws_cloudwatch_log_group.worker_log.name}' | filter ispresent(ChunkRows) | stats sum(ChunkRows) as rows, sum(ChunkRejected) as rejected, sum(ChunkMilliseconds) / 1000 as seconds, sum(ChunkRetries) as retries by program | sort rows desc | limit 50"
        }
      },
      {
        type   = "log"
        x      = 12
        y      = 24
        width  = 12
        height = 6
        properties = {
          title  = "Imports and cost by program, US dollars"
          region = data.aws_region.current.region
          view   = "table"
          query  = "SOURCE '${aws_cloudwatch_log_group.finalizer_log.name}' | filter ispresent(ImportCost) | stats count(*) as imports, sum(rows) as rows_read, sum(ImportUnits) as units, sum(ImportCost) as cost, max(ImportWaitSeconds) as longest_wait by program | sort cost desc | limit 50"
        }
      },
      {
        type   = "log"
        x      = 0
        y      = 30
        width  = 24
        height = 6
        properties = {
          title  = "Imports that ended"
          region = data.aws_region.current.region
          view   = "table"
          query  = "SOURCE '${aws_cloudwatch_log_group.finalizer_log.name}' | filter ispresent(ImportSeconds) | fields @timestamp, program, profile, import_id, status, rows, ImportRowsPerSecond, ImportSeconds, ImportWaitSeconds, ImportUnits, ImportCost | sort @timestamp desc | limit 50"
        }
      },
    ]
  })
}
