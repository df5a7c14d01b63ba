resource "aws_dms_certificate" "source" {
  certificate_id  = "${var.name}-source"
  certificate_pem = var.database.authorities_pem
}

# Settings: docs/04-sources.md says why each. NoHexPrefix is no attribute of the provider; capture reads both forms.
resource "aws_dms_endpoint" "source" {
  endpoint_id   = "${var.name}-source"
  endpoint_type = "source"
  engine_name   = "postgres"
  database_name = var.database.name
  kms_key_arn   = var.key_arn

  ssl_mode        = "verify-full"
  certificate_arn = aws_dms_certificate.source.certificate_arn

  secrets_manager_arn             = var.database.secret_arn
  secrets_manager_access_role_arn = aws_iam_role.secret.arn

  # Characters of a varchar without length; DMS cuts at 8,000 bytes unless told.
  extra_connection_attributes = "unboundedVarcharMaxSize=1048576"

  postgres_settings {
    capture_ddls                 = true
    ddl_artifacts_schema         = var.database.artifacts_schema
    fail_tasks_on_lob_truncation = true
    heartbeat_enable             = true
    heartbeat_frequency          = 1
    heartbeat_schema             = var.database.artifacts_schema
    map_boolean_as_boolean       = true
    map_jsonb_as_clob            = true
    plugin_name                  = var.cdc.plugin
    slot_name                    = var.cdc.slot
  }

  depends_on = [aws_iam_role_policy.secret]
}

resource "aws_dms_endpoint" "stream" {
  endpoint_id   = "${var.name}-stream"
  endpoint_type = "target"
  engine_name   = "kinesis"
  kms_key_arn   = var.key_arn

  kinesis_settings {
    stream_arn                     = var.stream_arn
    service_access_role_arn        = aws_iam_role.stream.arn
    message_format                 = "json-unformatted"
    include_control_details        = true
    include_null_and_empty         = true
    include_partition_value        = true
    include_table_alter_operations = true
    include_transaction_details    = true
    partition_include_schema_table = true
    use_large_integer_value        = true
  }

  depends_on = [aws_iam_role_policy.stream]
}

resource "aws_dms_s3_endpoint" "loads" {
  endpoint_id             = "${var.name}-loads"
  endpoint_type           = "target"
  service_access_role_arn = aws_iam_role.loads.arn
  bucket_name             = var.loads.bucket
  bucket_folder           = "landing/loads"
  expected_bucket_owner   = var.loads.account
  kms_key_arn             = var.key_arn

  encryption_mode                   = "SSE_KMS"
  server_side_encryption_kms_key_id = var.loads.key_arn

  data_format      = "parquet"
  parquet_version  = "parquet-1-0"
  encoding_type    = "rle-dictionary"
  compression_type = "NONE"
  # Microseconds, as they are at the source.
  parquet_timestamp_in_millisecond = false
  enable_statistics                = true
  include_op_for_full_load         = false
  row_group_length                 = 10000

  lifecycle {
    # A load writes below a folder of its own, which the function `loads` names.
    ignore_changes = [bucket_folder]
  }

  depends_on = [aws_iam_role_policy.loads]
}
