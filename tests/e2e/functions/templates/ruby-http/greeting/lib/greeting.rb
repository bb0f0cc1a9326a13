def greeting(what) = "Hello from #{what}"
