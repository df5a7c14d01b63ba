output "tidemark_source" {
  description = "What the data stack and the command line need of this stack: `terraform output -json > source.json`."
  value = {
    region                   = var.region
    stream_name              = module.stream.name
    stream_arn               = module.stream.arn
    shared_key_arn           = module.shared_key.arn
    cdc_task_arn             = module.source.tasks.cdc
    load_task_arn            = module.source.tasks.load
    load_endpoint_arn        = module.source.endpoints.loads
    source_endpoint_arn      = module.source.endpoints.source
    stream_endpoint_arn      = module.source.endpoints.stream
    replication_instance_arn = module.source.instance_arn
    slot_name                = var.cdc.slot
    source_role_arn          = module.source.operator_role_arn
    dms_loads_role_arn       = "${local.iam}::${var.account_id}:role/${var.name}-dms-loads"
  }
}
