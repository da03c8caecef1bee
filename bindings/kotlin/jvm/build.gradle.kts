// The jar. The library of each platform lies in it where JNA looks:
// `linux-x86-64/libpamlink_ffi.so`, `darwin-aarch64/libpamlink_ffi.dylib`, `win32-x86-64/pamlink_ffi.dll`.
plugins {
    alias(libs.plugins.kotlin.jvm)
    `java-library`
    `maven-publish`
}

val target = rootDir.resolve(property("pamlink.target") as String)

kotlin {
    jvmToolchain(17)
    sourceSets {
        main {
            kotlin.srcDirs(rootDir.resolve("src/main/kotlin"), target.resolve("bindings/kotlin"))
        }
        test {
            kotlin.srcDirs(rootDir.resolve("src/test/kotlin"), rootDir.resolve("examples"))
        }
    }
}

sourceSets.main {
    // Made by `cargo xtask package`.
    resources.srcDir(target.resolve("bindings/resources"))
}

dependencies {
    api(libs.coroutines)
    implementation(libs.jna)
    // For `OkHttpTransport` alone: who wants it brings OkHttp.
    compileOnly(libs.okhttp)
    testImplementation(libs.junit)
    testImplementation(libs.kotlin.test.junit)
    testImplementation(libs.okhttp)
}

java {
    withSourcesJar()
}

tasks.test {
    useJUnit()
    environment("PAMLINK", target.resolve("debug/pamlink"))
    environment("PAMLINK_VECTORS", rootDir.resolve("../../tests/vectors"))
}

publishing {
    publications.register<MavenPublication>("jar") { from(components["java"]) }
}
