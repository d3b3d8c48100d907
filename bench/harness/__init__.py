"""What `bench/run` and `bench/profile` are made of.

    cases       what is measured and what is to be reached
    placement   which processor each process runs on
    processes   starting a process, and ending every one that was started
    servers     the upstream and the three proxies in front of it
    load        wrk, and 5,000 idle connections
    accounting  processor time and memory of a process tree, from /proc
    syscalls    system calls per request, from strace
    measure     one case: the rounds, alternating
    summary     medians of the rounds and of the ratios; which target is reached
    machine     what it ran on
    report      the Markdown table
    chart       the SVG chart
"""
