/** Everything one user gets for one head-end. */
import { type GuideOptions, guide } from "./guide.ts";
import type { ProfileFile, ProfileInput } from "./profile.ts";
import { type PlatformResult, platformProfiles } from "./targets.ts";

export interface UserProfiles {
  readonly user: string;
  readonly results: readonly PlatformResult[];
  readonly files: readonly ProfileFile[];
}

/** @param platforms names of `TARGETS`; null: all */
export function profilesOf(
  input: ProfileInput,
  platforms: readonly string[] | null,
  options: GuideOptions,
): UserProfiles {
  const { results, files } = platformProfiles(input, platforms);
  return { user: input.user, results, files: [...files, guide(input, results, options)] };
}
