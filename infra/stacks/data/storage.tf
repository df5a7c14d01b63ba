locals {
  production_root = "${local.arn}:iam::${split(":", local.source.stream_arn)[4]}:root"
}

module "raw" {
  source = "../../modules/table"

  name    = "${var.name}-raw"
  key_arn = module.key.arn
  stream  = true
  # What the audit reads of a page, without its content (docs/adr/0027).
  indexes = { heads = ["table", "committed"] }
}

module "quarantine" {
  source = "../../modules/table"

  name    = "${var.name}-quarantine"
  key_arn = module.key.arn
}

module "ledger" {
  source = "../../modules/table"

  name    = "${var.name}-ledger"
  key_arn = module.key.arn
}

module "lake" {
  source = "../../modules/bucket"

  name    = var.bucket
  key_arn = module.key.arn

  # Landed objects stay for who lands them again; what they hold is in the lake.
  expire_days = {
    "landing/changes/"  = var.keep_days.landing
    "landing/loads/"    = var.keep_days.landing
    "landing/rejected/" = var.keep_days.quarantine
    "failures/"         = var.keep_days.quarantine
  }

  statements = jsonencode([
    {
      Sid       = "DmsWritesFilesOfLoads"
      Effect    = "Allow"
      Principal = { AWS = local.production_root }
      Action    = ["s3:DeleteObject", "s3:PutObject", "s3:PutObjectTagging"]
      Resource  = "${local.arn}:s3:::${var.bucket}/landing/loads/*"
      Condition = { ArnEquals = { "aws:PrincipalArn" = local.source.dms_loads_role_arn } }
    },
    {
      Sid       = "DmsLists"
      Effect    = "Allow"
      Principal = { AWS = local.production_root }
      Action    = ["s3:GetBucketLocation", "s3:ListBucket"]
      Resource  = "${local.arn}:s3:::${var.bucket}"
      Condition = { ArnEquals = { "aws:PrincipalArn" = local.source.dms_loads_role_arn } }
    },
  ])
}

module "results" {
  source = "../../modules/bucket"

  name             = "${var.bucket}-results"
  key_arn          = module.key.arn
  old_version_days = 1
  expire_days      = { "query-results/" = 7 }
}

# Whole batches that a function gave up, personal data in the clear: apart from what analysts may read.
module "failures" {
  source = "../../modules/bucket"

  name        = "${var.bucket}-failures"
  key_arn     = module.key.arn
  expire_days = { "" = var.keep_days.quarantine }
}

module "land_queue" {
  source = "../../modules/queue"

  name               = "${var.name}-land"
  key_arn            = module.key.arn
  bucket_arn         = module.lake.arn
  visibility_seconds = 6 * local.sizes["land"].timeout_seconds
}

module "land_load_queue" {
  source = "../../modules/queue"

  name               = "${var.name}-land-load"
  key_arn            = module.key.arn
  bucket_arn         = module.lake.arn
  visibility_seconds = 6 * local.sizes["land-load"].timeout_seconds
}

resource "aws_s3_bucket_notification" "lake" {
  bucket = module.lake.name

  queue {
    id            = "changes"
    queue_arn     = module.land_queue.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "landing/changes/"
  }

  queue {
    id            = "loads"
    queue_arn     = module.land_load_queue.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "landing/loads/"
    filter_suffix = ".parquet"
  }

  # S3 tries the queues when it is told of them; without their policies it is refused.
  depends_on = [module.land_queue, module.land_load_queue]
}
