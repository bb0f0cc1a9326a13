#include "modes/static/fingerprint.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace watchdog;

TEST_CASE("names that build tools write are known") {
  for (const std::string_view name : {
           // webpack, Create React App, Parcel
           "app.3f2a9c1b.js",
           "main.8e0d62a10f0e6f2bcbd6.js",
           "static/js/main.3f2a9c1b.chunk.js",
           "static/css/main.0a1b2c3d.css",
           "vendor_1234567890abcdef.chunk.js",
           "app.3f2a9c1b.js.map",
           "static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg",
           "assets/logo.5d5d9eef.svg",
           "a/b/c/chunk.1a2b3c4d.map",
           "runtime.8e0d62a10f0e6f2bcbd6.css",
           "main-0a1b2c3d4e5f.css",
           // Vite, Rollup
           "index-BfX29aKd.js",
           "style.BfX29aKd.css",
           "assets/index-Bf2hKdwq.css",
           "assets/inter-Bf2hKd3q.woff2",
           // esbuild, Angular
           "app-5E7BSS3C.js",
           "main-5E7BSS3C.js",
           "chunk-X4TGJ27S.js",
           "styles-B6DUQ3WA.css",
           "polyfills.8e0d62a10f0e6f2b.js",
           // Rails: Sprockets, Propshaft
           "assets/application-3f2a9c1b.css",
           "assets/application-0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.js",
           "assets/logo-0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.png",
           // Hugo
           "css/main.min.0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.css",
           // Django, Phoenix, gulp-rev
           "css/base.27e20196a850.css",
           "app-0a1b2c3d4e5f6071f293a4b5c6d7e8f9.js",
           "unicorn-d41d8cd98f.css",
           "font.8c1f2e3d4b5a6978.woff2",
           // Next, SvelteKit, Nuxt, Astro
           "_next/static/chunks/main-app-4e3a1b2c5d6e7f80.js",
           "_next/static/css/1a2b3c4d5e6f7a8b.css",
           "_next/static/media/e4af272ccee01ff0-s.p.woff2",
           "_app/immutable/chunks/DiwrgTda.js",
           "_nuxt/entry.Bf2hKd3q.css",
           "_nuxt/Bf2hKd3q.js",
           "shop/_astro/hoisted.Dx3fa9Qz.js",
       }) {
    CAPTURE(name);
    CHECK(is_fingerprinted(name));
  }
}

TEST_CASE("names that people and databases give are not taken for hashes") {
  for (const std::string_view name : {
           "",
           "index.html",
           "app.js",
           "noextension-3f2a9c1b",
           "my-document.pdf",
           "jquery-3.7.1.min.js",
           "bootstrap.bundle.min.js",
           "deadbeef.js",
           "feedbeef-facade.css",
           "index-DiwrgTda.js",
           "a.3f2a9c1b/index.html",
           // all of the name
           "3f2a9c1b.js",
           "8e0d62a10f0e6f2bcbd6.png",
           "-3f2a9c1b.js",
           "assets/3f2a9c1b.js",
           // types that no build tool hashes
           "index.3f2a9c1b.html",
           "report.3f2a9c1b.pdf",
           "dump.8e0d62a10f0e6f2bcbd6.zip",
           "film.3f2a9c1b.mkv",
           "data-3f2a9c1b.csv",
           "feed.3f2a9c1b.xml",
           "data.3f2a9c1b.json",
           // UUIDs
           "avatar-550e8400-e29b-41d4-a716-446655440000.png",
           "550e8400-e29b-41d4-a716-4466554400ab.jpg",
           "worklet-550e8400-e29b-41d4-a716-4466554400ab.js",
           "550e8400-e29b-41d4-a716-4466554400ab.js",
           "app-550e8400e29b41d4a716446655440abc.js",
           "assets/app.550e8400e29b41d4a716446655440abc.svg",
           // object ids, ULIDs, nanoids, snowflakes
           "user_507f1f77bcf86cd799439011.jpg",
           "user-507f1f77bcf86cd799439011.js",
           "assets/user.507f1f77bcf86cd799439011.png",
           "app-01ARZ3NDEKTSV4RRFFQ69G5FAV.js",
           "app-V1StGXR8_Z5jdHi6B-myT.js",
           "post-1541815603606036480.js",
           // dates, numbers, telephones
           "report-20240101.pdf",
           "report-20240115a.pdf",
           "app-20240115.js",
           "app.2024-01-15.css",
           "app-2024011a.js",
           "app.20240115T101500.js",
           "invoice-2024-0001234a.pdf",
           "DSC-12345678.jpg",
           "card-4915112345678.js",
           "tel-0301234567.css",
           "app-1705312800.js",
           // git
           "app.3f2a9c1.js",
           "build-v1.2.3-5-g3f2a9c1.js",
           "photo-3f2a9c1.png",
           // words with figures
           "invoice-March2024.pdf",
           "photo-Beach2024.jpg",
           "app-Version2.js",
           "styles-CHAPTER2.css",
           "lib-OAuth2v1.js",
           "theme-iPhone6s.css",
           "app-JQuery34.js",
           "build-Windows7.css",
           // uploads
           "album_3f2504e0.jpg",
           "photo.3f2504e0.jpg",
           "photo-3f2504e0.png",
           "uploads/photo.3f2504e0.jpg",
           "static/uploads/photo.3f2504e0.jpg",
           "assets/avatars/bob.3f2504e0.png",
           "static/users/8e0d62a10f0e6f2bcbd6.png",
           "assets/photo-3f2504e0.jpg",
           // folders of frameworks hold other names, too
           "_next/static/chunks/main-app.js",
           "_nuxt/builds/latest.json",
           "_next/data/3f2a9c1b/a.json",
           "_nuxt/550e8400-e29b-41d4-a716-4466554400ab.js",
           "x_nuxt/3f2a9c1b.js",
       }) {
    CAPTURE(name);
    CHECK_FALSE(is_fingerprinted(name));
  }
}
