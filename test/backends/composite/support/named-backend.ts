import type { BackendCapabilities, BackendSettings } from '../../../../src/index.js';
import { RecordingBackend } from '../../../support/recording-backend.js';

/** A recording backend with a name of its own. */
export class NamedBackend extends RecordingBackend {
  readonly #name: string;

  constructor(name: string, limits: Partial<BackendCapabilities> = {}, settings: BackendSettings<object> = {}) {
    super(limits, settings);
    this.#name = name;
  }

  override get name(): string {
    return this.#name;
  }
}
