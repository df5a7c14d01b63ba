/**
 * The bytes that the values of one row may have together, as the text that the source prints of them. The one limit of
 * every way: a larger row waits in quarantine, named by its key, whether a load, an insert, an update or a replay met it.
 */
export const MAX_ROW_BYTES = 32 << 20

/** What such a row may take as JSON, in a page or a block: a control character is six bytes there, and names stand beside values. */
export const MAX_ROW_JSON_BYTES = 6 * MAX_ROW_BYTES + (1 << 20)
