"""What `bench/discovery/run` is made of.

    schedule    the changes of a round, and the course of a run: read this first
    fleet       each proxy's replicas, and what DNS says of them
    replica     the program that a replica is
    names       the DNS server that all proxies ask
    proxies     balancer, nginx and HAProxy, as careful users would set them up for this
    load        requests at a steady rate, each one accounted for
    summary     what was seen, by step and proxy
    page        the Markdown tables
"""
