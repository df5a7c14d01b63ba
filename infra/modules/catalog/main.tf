# Tables, views and partitions are `tidemark catalog apply`'s: they follow the contracts, not the infrastructure.
resource "aws_glue_catalog_database" "domain" {
  for_each = var.databases

  name        = "${var.prefix}${each.value}"
  description = "Tables of the domain ${each.value}, out of its contracts"
}

resource "aws_athena_workgroup" "this" {
  name        = var.name
  description = "Queries of the lake, each bounded in what it reads"

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit_bytes

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${var.results.bucket}/query-results/"
      expected_bucket_owner = var.results.owner

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}
