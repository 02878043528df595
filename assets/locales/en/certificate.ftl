certificate-title = This may not be your server
certificate-line = The server at { $address } shows a different certificate than before. Either it was set up anew, or somebody is pretending to be it. Nothing has been sent to it.
certificate-what-to-do = Ask whoever runs the server to read out its fingerprint. Trust it only if it is the new one below.
certificate-pinned = Known until now
certificate-shown = Shown now
certificate-leave = Don’t connect
certificate-trust = I have checked; trust the new one
