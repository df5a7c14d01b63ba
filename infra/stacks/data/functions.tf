locals {
  # Functions with DuckDB take what an account gives without asking, 3,008 MiB.
  own_sizes = {
    capture         = { memory_mib = 1024, timeout_seconds = 120, scratch_mib = 512, at_once = null }
    capture-service = { memory_mib = 1024, timeout_seconds = 120, scratch_mib = 512, at_once = null }
    format          = { memory_mib = 1024, timeout_seconds = 120, scratch_mib = 512, at_once = null }
    land            = { memory_mib = 2048, timeout_seconds = 300, scratch_mib = 512, at_once = null }
    land-load       = { memory_mib = 3008, timeout_seconds = 900, scratch_mib = 10240, at_once = null }
    loads           = { memory_mib = 512, timeout_seconds = 300, scratch_mib = 512, at_once = 1 }
    compact         = { memory_mib = 3008, timeout_seconds = 900, scratch_mib = 10240, at_once = 1 }
    reconcile       = { memory_mib = 3008, timeout_seconds = 900, scratch_mib = 10240, at_once = 1 }
    audit           = { memory_mib = 1024, timeout_seconds = 900, scratch_mib = 512, at_once = 1 }
  }
  sizes = { for name, size in local.own_sizes : name => merge(size, { memory_mib = lookup(var.memory_mib, name, size.memory_mib) }) }

  # Nothing to read, no function.
  functions = { for name, size in local.sizes : name => size if name != "capture-service" || length(var.service_streams.streams) > 0 }

  descriptions = {
    capture         = "Changes of the source into the raw store"
    capture-service = "Changes of microservices' tables into the raw store"
    format          = "Pages of the raw store through the contracts, to Firehose"
    land            = "Delivered objects into history"
    land-load       = "Files of full loads into history, and raw pages again"
    loads           = "Full loads from their start to the table's floor"
    compact         = "History into base"
    reconcile       = "Proves that lake and source are equal"
    audit           = "Names what was captured and has not arrived"
  }

  of_raw        = { TIDEMARK_RAW_TABLE = module.raw.name }
  of_raw_days   = { TIDEMARK_RAW_DAYS = tostring(var.keep_days.raw) }
  of_quarantine = { TIDEMARK_QUARANTINE_TABLE = module.quarantine.name, TIDEMARK_QUARANTINE_DAYS = tostring(var.keep_days.quarantine) }
  of_ledger     = { TIDEMARK_LEDGER_TABLE = module.ledger.name }
  of_lake       = { TIDEMARK_BUCKET = module.lake.name, TIDEMARK_CATALOG_PREFIX = var.catalog.prefix }
  of_epoch      = { TIDEMARK_EPOCH = tostring(var.epoch) }
  of_mask       = { TIDEMARK_MASK_SECRET = aws_secretsmanager_secret.mask.arn }
  every_system  = { TIDEMARK_SYSTEMS = join(",", local.systems) }
  one_system    = { TIDEMARK_SYSTEMS = var.system }
  scratch       = { for name, size in local.sizes : name => { TIDEMARK_SCRATCH_MIB = tostring(size.scratch_mib) } }

  # As handlers/runtime/function-settings.ts reads them.
  environments = {
    capture         = merge(local.of_raw, local.of_raw_days, local.of_quarantine, local.of_epoch)
    capture-service = merge(local.of_raw, local.of_raw_days, local.of_quarantine, local.of_epoch, { TIDEMARK_SERVICE_TABLES = jsonencode(local.service_tables) })
    format          = merge(local.of_raw, local.of_raw_days, local.of_quarantine, local.of_ledger, local.of_mask, local.every_system, { TIDEMARK_STREAM = module.delivery.name })
    land            = merge(local.of_lake, local.of_raw_days, local.of_quarantine, local.of_ledger)
    land-load       = merge(local.of_lake, local.of_raw, local.of_raw_days, local.of_quarantine, local.of_ledger, local.of_mask, local.scratch["land-load"])
    loads = merge(local.of_lake, local.of_raw, local.of_epoch, local.one_system, {
      TIDEMARK_LOAD_TASK     = local.source.load_task_arn
      TIDEMARK_LOAD_ENDPOINT = local.source.load_endpoint_arn
      TIDEMARK_SOURCE_ROLE   = local.source.source_role_arn
    })
    compact = merge(local.of_lake, local.of_raw_days, local.of_ledger, local.scratch["compact"],
    { for days in compact([var.keep_days.history]) : "TIDEMARK_KEEP_HISTORY_DAYS" => tostring(days) })
    reconcile = merge(local.of_lake, local.of_raw, local.of_raw_days, local.of_quarantine, local.of_epoch, local.of_mask, local.one_system, local.scratch["reconcile"], {
      TIDEMARK_SOURCE_SECRET = var.source_secret.arn
      # Firehose's buffer, and landing after it.
      TIDEMARK_SETTLE_SECONDS = "120"
    })
    audit = merge(local.of_raw, local.of_ledger, local.every_system, { TIDEMARK_BUCKET = module.lake.name, TIDEMARK_QUARANTINE_TABLE = module.quarantine.name })
  }
}

module "functions" {
  source   = "../../modules/function"
  for_each = local.functions

  prefix       = var.name
  name         = each.key
  description  = local.descriptions[each.key]
  packages     = local.packages
  architecture = var.packages.architecture
  size         = each.value
  environment  = local.environments[each.key]
  statements   = local.permissions[each.key]
  key_arn      = module.key.arn
  log_days     = var.keep_days.logs
  failures_arn = contains(local.by_clock, each.key) ? module.failures.arn : null

  network = each.key == "reconcile" ? { subnet_ids = var.network.subnet_ids, group_ids = [aws_security_group.reconcile.id] } : null
}
