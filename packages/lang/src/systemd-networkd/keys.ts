/**
 * Sections and the keys in them that systemd-networkd and udev know, releases 232 to 258 together; the tables are
 * those of networkd-network-gperf.gperf, netdev-gperf.gperf and link-config-gperf.gperf. A key in no table is ignored with a line in the journal.
 */

function table(rows: Readonly<Record<string, string>>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(rows).map(([section, keys]) => [section, keys.split(" ")]));
}

/** systemd.network(5). */
export const NETWORK_KEYS: Readonly<Record<string, readonly string[]>> = table({
  Match:
    "Architecture BSSID Credential Driver Firmware Host KernelCommandLine KernelVersion Kind MACAddress Name Path PermanentMACAddress Property SSID Type Virtualization WLANInterfaceType",
  Link: "ARP ActivationPolicy AllMulticast Group MACAddress MTUBytes Multicast Promiscuous RequiredFamilyForOnline RequiredForOnline Unmanaged",
  "SR-IOV":
    "LinkState MACAddress MACSpoofCheck QualityOfService QueryReceiveSideScaling Trust VLANId VLANProtocol VirtualFunction",
  Network:
    "ActiveSlave Address BatmanAdvanced BindCarrier Bond Bridge ConfigureWithoutCarrier DHCP DHCPPrefixDelegation DHCPServer DHCPv6PrefixDelegation DNS DNSDefaultRoute DNSOverTLS DNSSEC DNSSECNegativeTrustAnchors DefaultRouteOnDevice Description Domains EmitLLDP Gateway IPForward IPMasquerade IPVLAN IPVTAP IPoIB IPv4AcceptLocal IPv4DuplicateAddressDetectionTimeoutSec IPv4Forwarding IPv4LL IPv4LLRoute IPv4LLStartAddress IPv4ProxyARP IPv4ReversePathFilter IPv4RouteLocalnet IPv6AcceptRA IPv6AcceptRouterAdvertisements IPv6DuplicateAddressDetection IPv6Forwarding IPv6HopLimit IPv6LinkLocalAddressGenerationMode IPv6MTUBytes IPv6PrefixDelegation IPv6PrivacyExtensions IPv6ProxyNDP IPv6ProxyNDPAddress IPv6RetransmissionTimeSec IPv6SendRA IPv6StableSecretAddress IPv6Token IgnoreCarrierLoss KeepConfiguration KeepMaster L2TP LLDP LLMNR LinkLocalAddressing MACVLAN MACVTAP MACsec MPLSRouting MulticastDNS NTP PrimarySlave ProxyARP Tunnel UseDomains VLAN VRF VXLAN Xfrm",
  Address:
    "AddPrefixRoute Address AutoJoin Broadcast DuplicateAddressDetection HomeAddress Label ManageTemporaryAddress NFTSet NetLabel Peer PreferredLifetime PrefixRoute RouteMetric Scope",
  IPv6AddressLabel: "Label Prefix",
  Neighbor: "Address LinkLayerAddress MACAddress",
  RoutingPolicyRule:
    "DestinationPort Family FirewallMark From GoTo IPProtocol IncomingInterface InvertRule L3MasterDevice OutgoingInterface Priority SourcePort SuppressInterfaceGroup SuppressPrefixLength Table To Type TypeOfService User",
  Route:
    "Destination FastOpenNoCookie Gateway GatewayOnLink GatewayOnlink HopLimit IPv6Preference InitialAdvertisedReceiveWindow InitialCongestionWindow MTUBytes Metric MultiPathRoute NextHop PreferredSource Protocol QuickAck Scope Source TCPAdvertisedMaximumSegmentSize TCPCongestionControlAlgorithm TCPRetransmissionTimeoutSec TTLPropagate Table Type",
  NextHop: "Blackhole Family Gateway Group Id OnLink",
  DHCPv4:
    "AllowList Anonymize BOOTP BlackList ClientIdentifier CriticalConnection DUIDRawData DUIDType DenyList FallbackLeaseLifetimeSec Hostname IAID IPServiceType IPv6OnlyMode InitialAdvertisedReceiveWindow InitialCongestionWindow Label ListenPort MUDURL MaxAttempts NFTSet NetLabel QuickAck RapidCommit RequestAddress RequestBroadcast RequestOptions RouteMTUBytes RouteMetric RouteTable RoutesToDNS RoutesToNTP SendDecline SendHostname SendOption SendRelease SendVendorOption ServerAddress SocketPriority UnassignedSubnetPolicy Use6RD UseCaptivePortal UseDNR UseDNS UseDomainName UseDomains UseGateway UseHostname UseMTU UseNTP UseRoutes UseSIP UseTimezone UserClass VendorClassIdentifier",
  DHCPv6:
    "DUIDRawData DUIDType ForceDHCPv6PDOtherInformation Hostname IAID MUDURL NFTSet NetLabel PrefixDelegationHint RapidCommit RequestOptions RouteMetric SendHostname SendOption SendRelease SendVendorOption UnassignedSubnetPolicy UseAddress UseCaptivePortal UseDNR UseDNS UseDelegatedPrefix UseDomains UseHostname UseNTP UseSIP UseSNTP UserClass VendorClass WithoutRA",
  IPv6AcceptRA:
    "BlackList DHCPv6Client DenyList NFTSet NetLabel PrefixAllowList PrefixDenyList QuickAck RouteAllowList RouteDenyList RouteMetric RouteTable RouterAllowList RouterDenyList Token UseAutonomousPrefix UseCaptivePortal UseDNR UseDNS UseDomains UseGateway UseHopLimit UseICMP6RateLimit UseMTU UseOnLinkPrefix UsePREF64 UseReachableTime UseRedirect UseRetransmissionTime UseRoutePrefix",
  DHCPServer:
    "BindToInterface BootFilename BootServerAddress BootServerName DNS DefaultLeaseTimeSec Domain EmitDNS EmitDomain EmitLPR EmitNTP EmitPOP3 EmitRouter EmitSIP EmitSMTP EmitTimezone IPv6OnlyPreferredSec LPR LocalLeaseDomain MaxLeaseTimeSec NTP POP3 PersistLeases PoolOffset PoolSize RapidCommit RelayAgentCircuitId RelayAgentRemoteId RelayTarget Router SIP SMTP SendOption SendVendorOption ServerAddress Timezone UplinkInterface",
  DHCPServerStaticLease: "Address Hostname MACAddress",
  Bridge:
    "AllowPortToBeRoot Cost FastLeave HairPin Isolated Learning Locked MACAuthenticationBypass MulticastFlood MulticastRouter MulticastToUnicast NeighborSuppression Priority ProxyARP ProxyARPWiFi UnicastFlood UseBPDU VLANTunnel",
  BridgeFDB: "AssociatedWith Destination MACAddress OutgoingInterface VLANId VNI",
  BridgeMDB: "MulticastGroupAddress VLANId",
  BridgeVLAN: "EgressUntagged PVID VLAN",
  DHCPPrefixDelegation:
    "Announce Assign ManageTemporaryAddress NFTSet NetLabel RouteMetric SubnetId Token UplinkInterface",
  IPv6SendRA:
    "DNS DNSLifetimeSec Domains EmitDNS EmitDomains HomeAgent HomeAgentLifetimeSec HomeAgentPreference HopLimit Managed OtherInformation ReachableTimeSec RetransmitSec RouterLifetimeSec RouterPreference UplinkInterface",
  IPv6Prefix: "AddressAutoconfiguration Assign OnLink PreferredLifetimeSec Prefix RouteMetric Token ValidLifetimeSec",
  IPv6RoutePrefix: "LifetimeSec Route",
  LLDP: "MUDURL",
  CAN: "BitRate BusErrorReporting ClassicDataLengthCode DataBitRate DataPhaseBufferSegment1 DataPhaseBufferSegment2 DataPropagationSegment DataSamplePoint DataSyncJumpWidth DataTimeQuantaNSec FDMode FDNonISO ListenOnly Loopback OneShot PhaseBufferSegment1 PhaseBufferSegment2 PresumeACK PropagationSegment RestartSec SamplePoint SyncJumpWidth Termination TimeQuantaNSec TripleSampling",
  IPoIB: "IgnoreUserspaceMulticastGroups Mode",
  QDisc: "Handle Parent",
  BFIFO: "Handle LimitBytes Parent",
  CAKE: "AutoRateIngress Bandwidth CompensationMode FirewallMark FlowIsolationMode Handle MPUBytes NAT OverheadBytes Parent PriorityQueueingPreset SplitGSO UseRawPacketSize Wash",
  ControlledDelay: "CEThresholdSec ECN Handle IntervalSec PacketLimit Parent TargetSec",
  DeficitRoundRobinScheduler: "Handle Parent",
  DeficitRoundRobinSchedulerClass: "ClassId Parent QuantumBytes",
  EnhancedTransmissionSelection: "Bands Handle Parent PriorityMap QuantumBytes StrictBands",
  PFIFO: "Handle PacketLimit Parent",
  PFIFOFast: "Handle Parent",
  PFIFOHeadDrop: "Handle PacketLimit Parent",
  QuickFairQueueing: "Handle Parent",
  QuickFairQueueingClass: "ClassId MaxPacketBytes Parent Weight",
  FairQueueing:
    "Buckets CEThresholdSec FlowLimit Handle InitialQuantum InitialQuantumBytes MaximumRate OrphanMask Pacing PacketLimit Parent Quantum QuantumBytes",
  FairQueueingControlledDelay:
    "CEThresholdSec ECN Flows Handle IntervalSec MemoryLimit MemoryLimitBytes PacketLimit Parent Quantum QuantumBytes TargetSec",
  FlowQueuePIE: "Handle PacketLimit Parent",
  GenericRandomEarlyDetection: "DefaultVirtualQueue GenericRIO Handle Parent VirtualQueues",
  HeavyHitterFilter: "Handle PacketLimit Parent",
  HierarchyTokenBucket: "DefaultClass Handle Parent RateToQuantum",
  HierarchyTokenBucketClass:
    "BufferBytes CeilBufferBytes CeilRate ClassId MTUBytes OverheadBytes Parent Priority QuantumBytes Rate",
  NetworkEmulator: "DelayJitterSec DelaySec DuplicateRate Handle LossRate PacketLimit Parent",
  PIE: "Handle PacketLimit Parent",
  StochasticFairBlue: "Handle PacketLimit Parent",
  StochasticFairnessQueueing: "Handle Parent PerturbPeriodSec",
  TokenBucketFilter: "Burst BurstBytes Handle LatencySec LimitBytes LimitSize MPUBytes MTUBytes Parent PeakRate Rate",
  TrivialLinkEqualizer: "Handle Id Parent",
  IPv6PrefixDelegation:
    "DNS DNSLifetimeSec Domains EmitDNS EmitDomains Managed OtherInformation RouterLifetimeSec RouterPreference",
  DHCP: "Anonymize ClientIdentifier CriticalConnection DUIDRawData DUIDType ForceDHCPv6PDOtherInformation Hostname IAID ListenPort RapidCommit RequestBroadcast RouteMetric RouteTable SendHostname UseDNS UseDomainName UseDomains UseHostname UseMTU UseNTP UseRoutes UseTimezone UserClass VendorClassIdentifier",
  DHCPv6PrefixDelegation: "Announce Assign ManageTemporaryAddress RouteMetric SubnetId Token",
  TrafficControlQueueingDiscipline:
    "NetworkEmulatorDelayJitterSec NetworkEmulatorDelaySec NetworkEmulatorDuplicateRate NetworkEmulatorLossRate NetworkEmulatorPacketLimit Parent",
  IPv6PREF64Prefix: "LifetimeSec Prefix",
  MobileNetwork:
    "APN AllowRoaming AllowedAuthenticationMechanisms IPFamily OperatorId PIN Password RouteMetric UseGateway User",
  ModemManager: "RouteMetric SimpleConnectProperties UseGateway",
});

/** systemd.netdev(5). */
export const NETDEV_KEYS: Readonly<Record<string, readonly string[]>> = table({
  Match: "Architecture Credential Firmware Host KernelCommandLine KernelVersion Virtualization",
  NetDev: "Description Kind MACAddress MTUBytes Name",
  VLAN: "EgressQOSMaps GVRP Id IngressQOSMaps LooseBinding MVRP Protocol ReorderHeader",
  MACVLAN: "BroadcastMulticastQueueLength Mode SourceMACAddress",
  MACVTAP: "Mode SourceMACAddress",
  IPVLAN: "Flags Mode",
  IPVTAP: "Flags Mode",
  Tunnel:
    "AllowLocalRemote AssignToLoopback CopyDSCP DiscoverPathMTU ERSPANDirection ERSPANHardwareId ERSPANIndex ERSPANVersion Encapsulation EncapsulationLimit External FOUDestinationPort FOUSourcePort FooOverUDP IPv6FlowLabel IPv6RapidDeploymentPrefix ISATAP Independent InputKey Key Local Mode OutputKey Remote SerializeTunneledPackets TOS TTL",
  FooOverUDP: "Encapsulation Local Peer PeerPort Port Protocol",
  L2TP: "EncapsulationType Local PeerTunnelId Remote TunnelId UDP6CheckSumRx UDP6CheckSumTx UDPCheckSum UDPDestinationPort UDPSourcePort",
  L2TPSession: "Layer2SpecificHeader Name PeerSessionId SessionId",
  Peer: "MACAddress Name",
  VXCAN: "Peer",
  VXLAN:
    "ARPProxy DestinationPort FDBAgeingSec FlowLabel GenericProtocolExtension Group GroupPolicyExtension IPDoNotFragment Id Independent L2MissNotification L3MissNotification Local LocalBypass MacLearning MaximumFDBEntries PortRange ReduceARPProxy Remote RemoteChecksumRx RemoteChecksumTx RouteShortCircuit TOS TTL UDP6ZeroCheckSumRx UDP6ZeroCheckSumTx UDP6ZeroChecksumRx UDP6ZeroChecksumTx UDPCheckSum UDPChecksum VNI VNIFilter",
  GENEVE:
    "DestinationPort FlowLabel IPDoNotFragment Id InheritInnerProtocol Remote TOS TTL UDP6ZeroCheckSumRx UDP6ZeroCheckSumTx UDP6ZeroChecksumRx UDP6ZeroChecksumTx UDPChecksum",
  MACsec: "Encrypt Port",
  MACsecReceiveChannel: "MACAddress Port",
  MACsecTransmitAssociation: "Activate Key KeyFile KeyId PacketNumber UseForEncoding",
  MACsecReceiveAssociation: "Activate Key KeyFile KeyId MACAddress PacketNumber Port",
  Tun: "Group KeepCarrier MultiQueue OneQueue PacketInfo User VNetHeader",
  Tap: "Group KeepCarrier MultiQueue OneQueue PacketInfo User VNetHeader",
  Bond: "ARPAllTargets ARPIPTargets ARPIntervalSec ARPMissedMax ARPValidate ActiveSlave AdActorSystem AdActorSystemPriority AdSelect AdUserPortKey AllSlavesActive DownDelaySec DynamicTransmitLoadBalancing FailOverMACPolicy GratuitousARP LACPTransmitRate LearnPacketIntervalSec MIIMonitorSec MinLinks Mode PacketsPerSlave PeerNotifyDelaySec PrimaryReselectPolicy PrimarySlave ResendIGMP TransmitHashPolicy UpDelaySec",
  Bridge:
    "AgeingTimeSec DefaultPVID FDBMaxLearned ForwardDelaySec GroupForwardMask HelloTimeSec MaxAgeSec MulticastIGMPVersion MulticastQuerier MulticastSnooping Priority STP VLANFiltering VLANProtocol",
  VRF: "Table TableId",
  BareUDP: "DestinationPort EtherType",
  WireGuard: "FirewallMark FwMark ListenPort PrivateKey PrivateKeyFile RouteMetric RouteTable",
  WireGuardPeer:
    "AllowedIPs Endpoint PersistentKeepalive PresharedKey PresharedKeyFile PublicKey RouteMetric RouteTable",
  Xfrm: "Independent InterfaceId",
  BatmanAdvanced:
    "Aggregation BridgeLoopAvoidance DistributedArpTable Fragmentation GatewayBandwidthDown GatewayBandwidthUp GatewayBandwithDown GatewayBandwithUp GatewayMode HopPenalty OriginatorIntervalSec RoutingAlgorithm",
  IPoIB: "IgnoreUserspaceMulticastGroups Mode PartitionKey",
  WLAN: "PhysicalDevice Type WDS",
  HSR: "Ports Protocol Supervision",
});

/** systemd.link(5). */
export const LINK_KEYS: Readonly<Record<string, readonly string[]>> = table({
  Match:
    "Architecture Credential Driver Firmware Host KernelCommandLine KernelVersion Kind MACAddress OriginalName Path PermanentMACAddress Property Type Virtualization",
  Link: "Advertise Alias AlternativeName AlternativeNamesPolicy AutoNegotiation AutoNegotiationFlowControl BitsPerSecond CoalescePacketRateHigh CoalescePacketRateLow CoalescePacketRateSampleIntervalSec CombinedChannels Description Duplex GenericReceiveOffload GenericReceiveOffloadHardware GenericSegmentOffloadMaxBytes GenericSegmentOffloadMaxSegments GenericSegmentationOffload IRQAffinityPolicy LargeReceiveOffload MACAddress MACAddressPolicy MDI MTUBytes NTupleFilter Name NamePolicy OtherChannels PartialGenericSegmentationOffload Port ReceiveChecksumOffload ReceivePacketSteeringCPUMask ReceiveQueues ReceiveVLANCTAGFilter ReceiveVLANCTAGHardwareAcceleration RxBufferSize RxChannels RxCoalesceHighSec RxCoalesceIrqSec RxCoalesceLowSec RxCoalesceSec RxFlowControl RxJumboBufferSize RxMaxCoalescedFrames RxMaxCoalescedHighFrames RxMaxCoalescedIrqFrames RxMaxCoalescedLowFrames RxMiniBufferSize SR StatisticsBlockCoalesceSec TCP6SegmentationOffload TCPSegmentationOffload TransmitChecksumOffload TransmitQueueLength TransmitQueues TransmitVLANCTAGHardwareAcceleration TransmitVLANSTAGHardwareAcceleration TxBufferSize TxChannels TxCoalesceHighSec TxCoalesceIrqSec TxCoalesceLowSec TxCoalesceSec TxFlowControl TxMaxCoalescedFrames TxMaxCoalescedHighFrames TxMaxCoalescedIrqFrames TxMaxCoalescedLowFrames UDPSegmentationOffload UseAdaptiveRxCoalesce UseAdaptiveTxCoalesce UserData WakeOnLan WakeOnLanPassword",
  "SR-IOV":
    "LinkState MACAddress MACSpoofCheck QualityOfService QueryReceiveSideScaling Trust VLANId VLANProtocol VirtualFunction",
  EnergyEfficientEthernet: "Enable LPI Mode TxLPI TxLPITimerSec",
});

/** Keys of long ago that are still read under another name. */
export const OLD_KEYS: ReadonlyMap<string, string> = new Map([
  ["Network.IPv6AcceptRouterAdvertisements", "IPv6AcceptRA"],
  ["Network.DHCPv6PrefixDelegation", "DHCPPrefixDelegation"],
  ["Network.IPv6PrefixDelegation", "IPv6SendRA"],
  ["Network.ProxyARP", "IPv4ProxyARP"],
  ["Route.GatewayOnlink", "GatewayOnLink"],
  ["Neighbor.MACAddress", "LinkLayerAddress"],
]);

/** Sections of long ago. */
export const OLD_SECTIONS: ReadonlyMap<string, string> = new Map([
  ["DHCP", "DHCPv4"],
  ["DHCPv6PrefixDelegation", "DHCPPrefixDelegation"],
  ["IPv6PrefixDelegation", "IPv6SendRA"],
]);
