/** A version as HP-Socket gives it. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly revision: number;
  /** Always 0: builds are not numbered. */
  readonly build: number;
  /** One byte each, from major in the highest to build in the lowest, as `HP_GetHPSocketVersion` answers. */
  readonly number: number;
  /** `major.minor.revision`, as on npm. */
  readonly text: string;
}

/** Version of this library. */
export const VERSION: Version = describe(0, 1, 0);

function describe(major: number, minor: number, revision: number): Version {
  const number = ((major << 24) | (minor << 16) | (revision << 8)) >>> 0;
  return { major, minor, revision, build: 0, number, text: `${major}.${minor}.${revision}` };
}
