import Testing

@testable import Balancer

@Suite struct ProcessorsTests {
    private func count(allowed: Int, _ files: [String: String] = [:]) -> Int {
        Processors.count(allowed: allowed) { files[$0] }
    }

    @Test func followsTheAffinityMaskWhereNothingLimits() {
        #expect(count(allowed: 4) == 4)
        #expect(count(allowed: 0) == 1)
        #expect(count(allowed: 4, ["/proc/self/cgroup": "0::/\n"]) == 4)
        #expect(count(allowed: 4, ["/proc/self/cgroup": "\n::\nnonsense\n"]) == 4)
    }

    @Test(arguments: [
        ("max 100000\n", 8), ("100000 100000\n", 1), ("100001 100000\n", 2), ("250000 100000\n", 3),
        ("50000 100000\n", 1),
        ("1 1000000\n", 1), ("800000 100000\n", 8), ("9900000 100000\n", 8), ("", 8), ("100000", 8), ("100000 0", 8),
        ("0 100000", 8), ("-1 100000", 8), ("9223372036854775807 1", 8),
    ])
    func roundsTheQuotaOfVersion2Up(cpuMax: String, expected: Int) {
        let files = ["/proc/self/cgroup": "0::/app\n", "/sys/fs/cgroup/app/cpu.max": cpuMax]
        #expect(count(allowed: 8, files) == expected)
    }

    @Test func takesTheNarrowestQuotaOfTheGroupsAbove() {
        let files = [
            "/proc/self/cgroup": "0::/slice/unit/inner\n",
            "/sys/fs/cgroup/slice/cpu.max": "200000 100000\n",
            "/sys/fs/cgroup/slice/unit/cpu.max": "500000 100000\n",
            "/sys/fs/cgroup/slice/unit/inner/cpu.max": "max 100000\n",
        ]
        #expect(count(allowed: 8, files) == 2)
    }

    @Test(arguments: ["/", "/docker/0123", "/../../other"])
    func findsTheQuotaOfAContainerAtTheTop(path: String) {
        let files = ["/proc/self/cgroup": "0::\(path)\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n"]
        #expect(count(allowed: 8, files) == 2)
    }

    @Test(arguments: [("300000\n", 3), ("250000\n", 3), ("1000\n", 1), ("-1\n", 8), ("", 8)])
    func readsVersion1(quota: String, expected: Int) {
        let files = [
            "/proc/self/cgroup": "5:cpu,cpuacct:/app\n4:cpuset:/other\n0::/\n",
            "/sys/fs/cgroup/cpu/app/cpu.cfs_quota_us": quota,
            "/sys/fs/cgroup/cpu/app/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpu/other/cpu.cfs_quota_us": "1\n",
            "/sys/fs/cgroup/cpu/other/cpu.cfs_period_us": "1\n",
        ]
        #expect(count(allowed: 8, files) == expected)
    }

    @Test func countsThisProcess() {
        #expect(Processors.available() >= 1)
    }
}
