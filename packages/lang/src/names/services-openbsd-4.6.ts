// Made by tools/generate-names.mjs. services(5) of OpenBSD 4.6.
export const SERVICES_OPENBSD_4_6 = `
tcpmux 1t;echo 7tu;discard 9tu sink null;systat 11t users;daytime 13tu;netstat 15t;qotd 17t quote;msp 18tu;
chargen 19tu ttytst source;ftp-data 20t;ftp 21t;ssh 22tu;telnet 23t;smtp 25t mail;time 37tu timserver;
rlp 39u resource;nameserver 42t name;whois 43t nicname;domain 53tu nameserver;mtp 57t;bootps 67tu;bootpc 68tu;
tftp 69u;gopher 70tu;rje 77t netrjs;finger 79t;www 80t http;www 80u;link 87t ttylink;kerberos 88ut kerberos-sec;
supdup 95t;hostnames 101t hostname;iso-tsap 102t tsap;x400 103t;x400-snd 104t;csnet-ns 105tu cso-ns;rtelnet 107tu;
pop2 109t postoffice;pop2 109u;pop3 110tu;sunrpc 111tu portmap rpcbind;auth 113t authentication tap ident;sftp 115t;
uucp-path 117t;nntp 119t readnews untp;ntp 123tu;pwdgen 129tu;epmap 135tu;netbios-ns 137tu;netbios-dgm 138tu;
netbios-ssn 139tu;imap 143tu imap2;bftp 152t;snmp 161u;snmp-trap 162u snmptrap;cmip-man 163tu;cmip-agent 164tu;
xdmcp 177tu;nextstep 178tu NeXTStep NextStep;bgp 179tu;prospero 191tu;irc 194tu;smux 199tu;at-rtmp 201tu;
at-nbp 202tu;at-echo 204tu;at-zis 206tu;z3950 210tu wais;ipx 213tu;imap3 220tu;ulistserv 372tu;ldap 389tu;
svrloc 427tu;nnsp 433t usenet;https 443t;microsoft-ds 445tu;kpasswd 464tu;photuris 468tu;isakmp 500u;klogin 543t;
kshell 544t krcmd;ekshell 545t;afpovertcp 548tu;rtsp 554tu;submission 587tu msa;asf-rmcp 623u;ipp 631tu;ldaps 636tu;
rsync 873t;cddb 888t cddbp;imaps 993tu;pop3s 995tu spop3;exec 512t;biff 512u comsat;login 513t;who 513u whod;
shell 514t cmd;syslog 514u;printer 515t spooler;talk 517u;ntalk 518u;route 520u router routed;efs 521t;
timed 525u timeserver;tempo 526t newdate;courier 530t rpc;conference 531t chat;netnews 532t readnews;netwall 533u;
uucp 540t uucpd;remotefs 556t rfs_server rfs;silc 706tu;kerberos-adm 749ut;kerberos-iv 750ut kdc;
kerberos_master 751ut;krb_prop 754t hprop;krbupdate 760t kreg;socks 1080t;kpop 1109t;
ms-sql-s 1433tu Microsoft-SQL-Server;ms-sql-m 1434tu Microsoft-SQL-Monitor;ingreslock 1524tu;prospero-np 1525tu;
sa-msg-port 1646u;pptp 1723tu;radius 1812u;radacct 1813u radius-acct;ssdp 1900tu;nfsd 2049ut nfs;eklogin 2105t;
rkinit 2108t;kf 2110t;kx 2111t;kip 2112t;kauth 2120t;iprop 2121t;netplan 2983t;eppc 3031tu;mysql 3306t;
iapp 3517tu 802-11-iapp;daap 3689tu;krb524 4444tu;ipsec-nat-t 4500tu ipsec-msft;rfe 5002tu;sip 5060tu;
postgresql 5432t;afs3-fileserver 7000u;afs3-callback 7001u;afs3-prserver 7002u;afs3-vlserver 7003u;
afs3-kaserver 7004u;afs3-volser 7005u;afs3-errors 7006u;afs3-bos 7007u;afs3-update 7008u;afs3-rmtsys 7009u;
smtps 465t;conserver 782t;supfilesrv 871t;supfiledbg 1127t;datametrics 1645u;ekshell2 2106t;cvspserver 2401t;
webster 2627tu;canna 5680t;icb 7326t;spamd 8025t;spamd-sync 8025u;spamd-cfg 8026t;dhcpd-sync 8067u;hunt 26740u;
rtmp 1d;nbp 2d;echo 4d;zip 6d;
`;
