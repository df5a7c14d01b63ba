/** Why a value does not fit its column: a reason without the value. `path` points inside a list or a struct. */
export class Refusal {
  readonly reason: string
  readonly path: string
  constructor(reason: string, path = '') {
    this.reason = reason
    this.path = path
  }

  /** The same reason, seen from the value around it. */
  within(step: string): Refusal {
    return new Refusal(this.reason, `${step}${this.path}`)
  }
}
