// What Starlight adds to `Astro.locals`.
/// <reference types="@astrojs/starlight" />
