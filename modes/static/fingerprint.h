#pragma once

#include <string_view>

namespace watchdog {

// Whether a build tool put a hash of the content into this file's name, so that the content behind
// the name never changes. A wrong yes would last for a year and cannot be taken back, a wrong no
// costs a 304: so only the forms that build tools write count, for the types that they write.
//
//   scripts, styles,     name.HEX.js, name-HEX.js, also before .min, .chunk and their like; HEX is
//   source maps, wasm    8, 10, 12, 16, 20, 32, 40, 64, 96 or 128 lower-case digits (webpack,
//                        Parcel, Rails, Hugo, Next, Django, Phoenix, gulp-rev); name-B64.js of 8
//                        letters and digits of all kinds in turn (Vite, Rollup), name-B32.js of
//                        capitals and digits (esbuild, Angular)
//   fonts                name.HEX.woff2, name-B64.woff2 in a folder of a build
//   images, films        name.HEX.svg of 8, 20 or 32 digits in a folder of a build (assets, static,
//                        build, dist), unless its path says that people put it there (uploads,
//                        avatars, files)
//   any of these         name.HEX.ext of 64 digits and more (Hugo, Sprockets); and below
//                        _next/static, _nuxt, _astro and _app/immutable any word of a hash's form
//
// Dates, numbers, UUIDs, ULIDs and object ids name things and say nothing of what these hold.
bool is_fingerprinted(std::string_view name);

}  // namespace watchdog
