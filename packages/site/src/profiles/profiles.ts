/** Everything one user gets for one head-end. */
import { type GuideOptions, guide } from "./guide.ts";
import { authorityFile, type ProfileFile, type ProfileInput, pem } from "./profile.ts";
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
  const path = authorityFile(input);
  const authority =
    input.authority === null || files.some((one) => one.path === path)
      ? []
      : [{ path, content: pem(input.authority.der), secret: false }];
  return { user: input.user, results, files: [...files, ...authority, guide(input, results, options)] };
}
