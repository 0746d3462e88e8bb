#!/bin/sh
echo "Hello $WHO, this is $KEPTN_SERVICE in $KEPTN_STAGE of $KEPTN_PROJECT."
echo "I run as user $(id -u) in pod $(hostname)."
