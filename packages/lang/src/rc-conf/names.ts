/** The variables rc.conf(5) knows; `switch` ones take YES or NO, `value` ones anything. */
export type RcNameKind = "switch" | "value";

/** FreeBSD: /etc/defaults/rc.conf. */
export const FREEBSD_NAMES: ReadonlyMap<string, RcNameKind> = names(
  `
  accept_sourceroute accounting_enable apm_enable apmd_enable arpproxy_all auditd_enable auditdistd_enable
  autofs_enable blacklistd_enable blocklistd_enable bootparamd_enable bsnmpd_enable cfumass_enable
  chkprintcap_enable cleanvar_enable clear_tmp_enable cron_enable ctld_enable ddb_enable devd_enable
  devmatch_enable dmesg_enable dnctl_enable dummynet_enable firewall_enable firewall_nat64_enable
  firewall_nat_enable firewall_nptv6_enable firewall_pmod_enable forward_sourceroute ftpproxy_enable
  gateway_enable ggated_enable gptboot_enable growfs_enable gssd_enable hastd_enable hcsecd_enable
  hostapd_enable hostid_enable icmp_bmcastecho ike_enable inetd_enable ipfilter_enable ipfs_enable
  ipfw_netflow_enable ipmon_enable ipnat_enable ippool_enable ipropd_master_enable ipropd_slave_enable
  ipsec_enable ipv6_activate_all_interfaces ipv6_gateway_enable iscsictl_enable iscsid_enable kadmind_enable
  kdc_enable kern_securelevel_enable kfd_enable kldxref_enable kpasswdd_enable linux_enable linux_mounts_enable
  local_unbound_enable lpd_enable mountd_enable moused_enable moused_nondefault_enable msconvd_enable
  natd_enable netif_enable netwait_enable newsyslog_enable nfs_client_enable nfs_server_enable nfscbd_enable
  nfsuserd_enable nfsv4_server_enable nis_client_enable nis_server_enable nis_ypldap_enable
  nis_yppasswdd_enable nis_ypset_enable nis_ypxfrd_enable nscd_enable ntpd_enable ntpdate_enable
  nuageinit_enable opensm_enable osrelease_enable pf_enable pf_fallback_rules_enable pflog_enable pfsync_enable
  powerd_enable ppp_enable pppoed_enable quota_enable rarpd_enable rctl_enable resolv_enable
  rfcomm_pppd_server_enable route6d_enable routed_enable rpc_lockd_enable rpc_statd_enable rpc_ypupdated_enable
  rpcbind_enable rtadvd_enable rtsold_enable rwhod_enable sdpd_enable sendmail_msp_queue_enable
  sendmail_outbound_enable sendmail_submit_enable sshd_enable synchronous_dhclient syslogd_enable
  sysvipc_enable tcp_extensions tcp_keepalive tlsclntd_enable tlsservd_enable ubthidhci_enable ugidfw_enable
  utx_enable var_run_enable virecover_enable watchdogd_enable zfs_enable zfsd_enable zfskeys_enable
`,
  `
  allscreens_flags allscreens_kbdflags altlog_proglist always_force_depends apmd_flags auditd_flags
  auditd_program auditdistd_flags auditdistd_program automount_flags automountd_flags autounmountd_flags
  background_dhclient background_fsck background_fsck_delay blacklistd_flags blanktime blocklistd_flags
  bootparamd_flags bsdextended_script bsnmpd_flags bthidd_config bthidd_enable bthidd_evdev_support bthidd_hids
  cfumass_dir cfumass_image check_quotas chkprintcap_flags clear_tmp_X cloned_interfaces crashinfo_enable
  crashinfo_program cron_dst cron_flags cron_program cursor ddb_config defaultroute_carrier_delay
  defaultroute_delay defaultrouter devd_flags devfs_load_rulesets devfs_rulesets devfs_set_rulesets
  devfs_system_ruleset devmatch_blocklist dhclient_arpwait dhclient_flags dhclient_program dnctl_program
  dnctl_rules dumpdev dumpdir dumpon_flags early_late_divider economy_cpu_freq economy_cx_lowest
  entropy_boot_file entropy_dir entropy_file entropy_save_num entropy_save_sz extra_netfs_types
  firewall_allowservices firewall_client_net firewall_coscripts firewall_flags firewall_logdeny
  firewall_logging firewall_logif firewall_myservices firewall_nat_flags firewall_nat_interface
  firewall_nologports firewall_quiet firewall_script firewall_simple_iif firewall_simple_inet
  firewall_simple_oif firewall_simple_onet firewall_trusted firewall_type firstboot_sentinel font8x14 font8x16
  font8x8 fsck_flags fsck_y_enable fsck_y_flags ftpproxy_flags geli_autodetach geli_default_flags geli_devices
  geli_groups geli_tries ggated_config ggated_flags growfs_swap_size gssd_flags gssd_program harvest_mask
  hastd_flags hastd_program hcsecd_config hostapd_program hostid_file hostid_uuidgen_flags hostname
  icmp_drop_redirect icmp_log_redirect ike_flags ike_program inetd_flags inetd_program iovctl_files
  ip6addrctl_enable ip6addrctl_policy ip6addrctl_verbose ip_portrange_first ip_portrange_last ipfilter_flags
  ipfilter_optionlist ipfilter_program ipfilter_rules ipfs_flags ipfs_program ipmon_flags ipmon_program
  ipnat_flags ipnat_program ipnat_rules ippool_flags ippool_program ippool_rules ipropd_master_flags
  ipropd_master_keytab ipropd_master_program ipropd_master_slaves ipropd_slave_flags ipropd_slave_keytab
  ipropd_slave_master ipropd_slave_program ipsec_file ipv6_cpe_wanif ipv6_default_interface ipv6_defaultrouter
  ipv6_ipv4mapping ipv6_network_interfaces ipv6_privacy ipv6_static_routes iscsictl_flags jail_conf
  jail_confwarn jail_enable jail_list jail_parallel_start jail_reverse_stop kadmind_program kdc_flags
  kdc_program kdc_restart kdc_restart_delay kern_securelevel keybell keyboard keychange keymap keyrate
  kfd_flags kfd_program kldxref_clobber kldxref_module_path kpasswdd_program ldconfig32_paths ldconfig_insecure
  ldconfig_local32_dirs ldconfig_local_dirs ldconfig_paths local_startup local_unbound_oomprotect
  local_unbound_tls log_in_vain lpd_flags lpd_program machine_id_file mfs_type mixer_enable mountd_flags
  mousechar_start moused_flags moused_port moused_type msconvd_flags msconvd_ports msconvd_type natd_flags
  natd_interface natd_program netfs_types netif_ipexpand_max netwait_dad netwait_dad_timeout netwait_if_timeout
  netwait_timeout network_interfaces newsyslog_flags nfs_access_cache nfs_bufpackets nfs_reserved_port_only
  nfs_server_flags nfs_server_managegids nfs_server_maxio nfscbd_flags nfsuserd_flags nfsv4_server_only
  nis_client_flags nis_server_flags nis_ypldap_flags nis_yppasswdd_flags nis_ypset_flags nis_ypxfrd_flags
  nisdomainname ntp_db_leapfile ntp_leapfile_expiry_days ntp_leapfile_fetch_opts ntp_leapfile_fetch_verbose
  ntp_leapfile_sources ntp_src_leapfile ntpd_config ntpd_flags ntpd_program ntpd_sync_on_start ntpdate_config
  ntpdate_flags ntpdate_hosts ntpdate_program osrelease_file osrelease_perms performance_cpu_freq
  performance_cx_lowest pf_fallback_rules pf_fallback_rules_file pf_flags pf_program pf_rules pflog_flags
  pflog_logfile pflog_program pfsync_ifconfig pfsync_syncdev pfsync_syncpeer populate_var powerd_flags ppp_mode
  ppp_nat ppp_profile ppp_program ppp_user pppoed_flags pppoed_interface pppoed_provider precious_machine
  quotacheck_flags quotaoff_flags quotaon_flags rarpd_flags rc_conf_files rc_info rc_startmsgs
  rcshutdown_timeout rctl_rules rfcomm_pppd_server_one_channel rfcomm_pppd_server_profile
  rfcomm_pppd_server_two_channel root_hold_delay root_rw_mount route6d_flags route6d_program routed_flags
  routed_program rpc_lockd_flags rpc_statd_flags rpcbind_flags rpcbind_program rtadvd_flags rtadvd_interfaces
  rtsol_flags rtsold_flags rwhod_flags savecore_enable savecore_flags saver script_name_sep scrnmap
  sdpd_control sdpd_groupname sdpd_username sendmail_cert_create sendmail_enable sendmail_flags
  sendmail_msp_queue_flags sendmail_outbound_flags sendmail_pidfile sendmail_procname sendmail_rebuild_aliases
  sendmail_submit_flags service_delete_empty sshd_flags sshd_oomprotect sshd_program static_arp_pairs
  static_ndp_pairs static_routes stf_interface_ipv4addr stf_interface_ipv4plen stf_interface_ipv6_ifid
  stf_interface_ipv6_slaid syslogd_flags syslogd_oomprotect syslogd_program tcp_drop_synfin tlsclntd_flags
  tlsservd_flags tmpmfs tmpmfs_flags tmpsize update_motd var_run_autosave var_run_mtree varmfs varmfs_flags
  varsize watchdogd_flags watchdogd_shutdown_timeout watchdogd_timeout weak_mountd_authentication
  wpa_supplicant_conf_file wpa_supplicant_flags wpa_supplicant_program zfs_bootonce_activate zpool_reguid
  zpool_upgrade
  ifconfig_DEFAULT rc_conf_files
`,
);

/** FreeBSD: variables with an interface, a route or a jail in their name, and what ports bring along. */
export const FREEBSD_PATTERNS: RegExp =
  /^(ipv6_)?(ifconfig_|route_|vlans_|wlans_|create_args_|ipv4_addrs_|defaultrouter_fib|prefix_|rtadvd_|rtsold_|dhclient_|hostapd_|wpa_supplicant_|gifconfig_|wlandebug_|background_dhclient_|ifconfig_.*_(name|alias|descr)|iovctl|jail_)|_(flags|program|user|group|nice|chroot|env|env_file|fib|limits|login_class|oomprotect|rules|conf|config|config_files|interfaces|pidfile|dir|profiles|setup|umask|svcj|svcj_options|cpuset|prepend|limits)$/;

/** NetBSD: what of /etc/defaults/rc.conf decides the network. */
export const NETBSD_NAMES: ReadonlyMap<string, RcNameKind> = names(
  `
  auto_ifconfig flushroutes dhcpcd ifwatchd ipfilter ipnat pf pf_reset npf npfd ipsec wscons sshd syslogd named
  ntpd ntpdate rtadvd route6d routed altqd mrouted racoon ipmon bootparamd inetd postfix cron rtsol
  rtclocaltime manage_conf rc_configured dhcpd dhcrelay hostapd ftp_proxy ldpd wpa_supplicant bridgestp
  blocklistd
`,
  `
  hostname domainname defaultroute defaultroute6 net_interfaces ip6mode ip6uniquelocal ip6sitelocal pf_rules
  pf_flags dhcpcd_flags ifconfig_lo0 ipsec_flags sshd_flags route6d_flags rtsol_flags
`,
);

function names(switches: string, values: string): ReadonlyMap<string, RcNameKind> {
  const map = new Map<string, RcNameKind>();
  for (const name of values.trim().split(/\s+/)) map.set(name, "value");
  for (const name of switches.trim().split(/\s+/)) map.set(name, "switch");
  return map;
}
