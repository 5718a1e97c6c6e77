/**
 * A memory that all processes with the same backend share, such as the nodes that a relay joins. Each call SHOULD
 * settle within a few seconds, and MUST reject when it is not known what has become of it.
 */
export interface SharedMemory {
  /**
   * Whether nobody has asked for this key before, or the time of whoever has is over. Of several who ask at once, one
   * MUST be told `true`. A `false` MUST NOT prolong the time.
   * @param key up to 100 characters
   * @param ttlMs how long others are told `false`, in milliseconds
   */
  isFirst(key: string, ttlMs: number): Promise<boolean>;

  /** Forgets a key, so that the next one who asks is told `true`. */
  forget(key: string): Promise<void>;
}
