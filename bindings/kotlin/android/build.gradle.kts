// The AAR. The library of each ABI lies in `src/main/jniLibs`:
//
//     cargo ndk -t arm64-v8a -t armeabi-v7a -t x86_64 -t x86 -P 23 \
//         -o bindings/kotlin/android/src/main/jniLibs build --release -p pamlink-ffi
//
// From version 28 on the NDK links for pages of 16 KB by itself, which Google Play asks for; an older
// one needs RUSTFLAGS="-C link-arg=-Wl,-z,max-page-size=16384".
import org.jetbrains.kotlin.gradle.tasks.KotlinCompile

plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
    `maven-publish`
}

val target = rootDir.resolve(property("pamlink.target") as String)

android {
    namespace = "dev.pamlink"
    compileSdk = 36

    defaultConfig {
        minSdk = 23
        consumerProguardFiles("consumer-rules.pro")
    }

    sourceSets.named("main") {
        // The generated module of `uniffi-android.toml`: the JVM's does not run here.
        kotlin.srcDirs(
            "src/main/kotlin",
            rootDir.resolve("src/main/kotlin"),
            target.resolve("bindings/kotlin-android"),
        )
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    publishing {
        singleVariant("release") { withSourcesJar() }
    }
}

// What needs classes that Android does not have.
tasks.withType<KotlinCompile>().configureEach {
    exclude("**/JavaNetTransport.kt", "**/JvmPlatform.kt")
}

dependencies {
    api(libs.coroutines)
    api(libs.okhttp)
    implementation(libs.annotation)
    // Its AAR has the libraries of JNA itself.
    implementation(libs.jna) { artifact { type = "aar" } }
}

publishing {
    publications.register<MavenPublication>("release") {
        afterEvaluate { from(components["release"]) }
    }
}
