export const embeddedDatabase = 'workforce'
/** The source system that the sample contracts name. */
export const embeddedSystem = 'workforce-postgres'
