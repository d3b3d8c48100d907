console.log("hello from the application, which is long enough for gzip to take an interest in it, we hope")
