# Makes wsrelayd@.service of wsrelayd.service: an instance NAME serves NAME.yaml. A runtime directory
# goes when its service stops, so each instance has one of its own; the directory of logs stays.
s|^Description=.*|& (%i)|
s|/etc/wsrelayd/wsrelayd\.yaml|/etc/wsrelayd/%i.yaml|
s|^RuntimeDirectory=wsrelayd$|RuntimeDirectory=wsrelayd-%i|
