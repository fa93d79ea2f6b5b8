# Written by infra/terraform/make from infra/people.yaml. Change the template.

# DropsProgram
resource "aws_iam_policy" "drops_program" {
  for_each    = var.people
  name        = "${var.name}-${each.key}-drops-program"
  description = "Drops every kind of file for ${each.key}."
  path        = var.role_path
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Drop"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/sources/${each.key}/*"]
      },
      local.has_key ? jsondecode(jsonencode({
        Sid    = "Key"
        Effect = "Allow"
        Action = ["kms:Decrypt", "kms:GenerateDataKey"]
        Condition = {
          StringEquals = {
            "kms:ViaService" = "s3.${data.aws_region.current.region}.amazonaws.com"
          }
        }
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
  tags = var.tags
}

# DropsLists
resource "aws_iam_policy" "drops_lists" {
  for_each    = var.people
  name        = "${var.name}-${each.key}-drops-lists"
  description = "Drops lists for ${each.key}, dry runs too."
  path        = var.role_path
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Drop"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/prospects/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/partners/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/mailing/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/leads/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/accounts/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/${element(split(",", "${each.value},none,none,none"), 0)}/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/${element(split(",", "${each.value},none,none,none"), 1)}/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/${element(split(",", "${each.value},none,none,none"), 2)}/*"]
      },
      local.has_key ? jsondecode(jsonencode({
        Sid    = "Key"
        Effect = "Allow"
        Action = ["kms:Decrypt", "kms:GenerateDataKey"]
        Condition = {
          StringEquals = {
            "kms:ViaService" = "s3.${data.aws_region.current.region}.amazonaws.com"
          }
        }
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
  tags = var.tags
}

# Operates
resource "aws_iam_policy" "operates" {
  for_each    = var.people
  name        = "${var.name}-${each.key}-operates"
  description = "Approves, cancels, undoes and pauses imports of ${each.key}."
  path        = var.role_path
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Operate"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/approve/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/cancel/*", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/pause", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/resume", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/inbox/${each.key}/undo/*"]
      },
      local.has_key ? jsondecode(jsonencode({
        Sid    = "Key"
        Effect = "Allow"
        Action = "kms:GenerateDataKey"
        Condition = {
          StringEquals = {
            "kms:ViaService" = "s3.${data.aws_region.current.region}.amazonaws.com"
          }
        }
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
  tags = var.tags
}

# ReadsResults
resource "aws_iam_policy" "reads_results" {
  for_each    = var.people
  name        = "${var.name}-${each.key}-reads-results"
  description = "Reads result files, reports and summaries of ${each.key}."
  path        = var.role_path
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for one in [
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/${each.key}/*/*.csv", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/${each.key}/*/*.xlsx", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/${each.key}/*/report.html", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/${each.key}/*/summary.json", "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}/imports/${each.key}/*/upload.json"]
      },
      {
        Sid    = "List"
        Effect = "Allow"
        Action = "s3:ListBucket"
        Condition = {
          StringLike = {
            "s3:prefix" = "imports/${each.key}/*"
          }
        }
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket}"
      },
      local.has_key ? jsondecode(jsonencode({
        Sid    = "Key"
        Effect = "Allow"
        Action = "kms:Decrypt"
        Condition = {
          StringEquals = {
            "kms:ViaService" = "s3.${data.aws_region.current.region}.amazonaws.com"
          }
        }
        Resource = var.kms_key_arn
      })) : null,
    ] : one if one != null]
  })
  tags = var.tags
}

output "people" {
  description = "Policies for people: by role of a person, then by program."
  value = {
    drops_program = { for program, made in aws_iam_policy.drops_program : program => made.arn }
    drops_lists   = { for program, made in aws_iam_policy.drops_lists : program => made.arn }
    operates      = { for program, made in aws_iam_policy.operates : program => made.arn }
    reads_results = { for program, made in aws_iam_policy.reads_results : program => made.arn }
  }
}
