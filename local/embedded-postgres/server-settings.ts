/**
 * Settings of an embedded server, as command line arguments: nothing in the data folder can go
 * stale. Durable as any production server; what it logs holds no row values.
 */
export function serverSettings(extra: Readonly<Record<string, string>>, major: number): readonly string[] {
  const hasCheck = process.platform !== 'win32' && major >= 14
  const all = { ...defaults, ...(hasCheck ? fromVersion14 : {}), ...extra }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

const defaults = {
  // First, for messages about the others: %e is the error code that lastFatal reads.
  log_line_prefix: '%m [%p] %e ',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  wal_level: 'logical',
  max_replication_slots: '10',
  max_wal_senders: '10',
  shared_buffers: '128MB',
  max_wal_size: '1GB',
  fsync: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // A week of logs, one file for each weekday, without the messages and details that quote rows.
  logging_collector: 'on',
  log_directory: 'log',
  log_filename: 'server-%a.log',
  log_rotation_age: '1d',
  log_rotation_size: '0',
  log_truncate_on_rotation: 'on',
  log_statement: 'none',
  log_checkpoints: 'off',
  log_replication_commands: 'off',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
} as const

/* Not on Windows. */
const fromVersion14 = {
  // A statement of a client that was killed ends with it, and releases its locks and slots.
  client_connection_check_interval: '1s',
} as const
