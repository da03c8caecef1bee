package dev.pamlink.android

import android.app.Activity
import android.app.Application
import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.net.NetworkCapabilities
import android.net.NetworkRequest
import android.os.Bundle
import dev.pamlink.Client

/**
 * Tells a [Client] when the app comes to the front and when the device has another network, so that
 * a link that died meanwhile is found dead at once and made anew.
 *
 * Needs the permission `ACCESS_NETWORK_STATE`, which the manifest of this library asks for. Close it
 * before the client.
 */
public class PamlinkHooks(private val application: Application, private val client: Client) : AutoCloseable {
    private val networks = application.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager

    private val activities = object : Application.ActivityLifecycleCallbacks {
        private var started = 0

        override fun onActivityStarted(activity: Activity) {
            if (started++ == 0) client.wake()
        }

        override fun onActivityStopped(activity: Activity) {
            // An activity may have been started before these hooks were.
            if (started > 0) started -= 1
        }

        override fun onActivityCreated(activity: Activity, savedInstanceState: Bundle?) {}

        override fun onActivityResumed(activity: Activity) {}

        override fun onActivityPaused(activity: Activity) {}

        override fun onActivitySaveInstanceState(activity: Activity, outState: Bundle) {}

        override fun onActivityDestroyed(activity: Activity) {}
    }

    private val changes = object : ConnectivityManager.NetworkCallback() {
        override fun onAvailable(network: Network) {
            client.networkChanged()
        }
    }

    init {
        application.registerActivityLifecycleCallbacks(activities)
        val internet = NetworkRequest.Builder().addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET).build()
        networks.registerNetworkCallback(internet, changes)
    }

    /** Tells nothing any more. */
    override fun close() {
        application.unregisterActivityLifecycleCallbacks(activities)
        networks.unregisterNetworkCallback(changes)
    }
}
