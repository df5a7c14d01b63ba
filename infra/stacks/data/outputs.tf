output "tidemark_data" {
  description = "What the command line needs of this stack: `terraform output -json > data.json`."
  value = {
    region           = var.region
    bucket           = module.lake.name
    results_bucket   = module.results.name
    failures_bucket  = module.failures.name
    catalog_prefix   = var.catalog.prefix
    raw_table        = module.raw.name
    quarantine_table = module.quarantine.name
    ledger_table     = module.ledger.name
    firehose_stream  = module.delivery.name
    mask_secret      = aws_secretsmanager_secret.mask.arn
    source_secret    = var.source_secret.arn
    athena_workgroup = module.catalog.workgroup
    epoch            = var.epoch
    systems          = local.systems
    functions        = { for name, function in module.functions : replace(name, "-", "_") => function.name }
    queues = {
      land           = module.land_queue.urls.queue
      land_dead      = module.land_queue.urls.dead
      land_load      = module.land_load_queue.urls.queue
      land_load_dead = module.land_load_queue.urls.dead
    }
  }
}
