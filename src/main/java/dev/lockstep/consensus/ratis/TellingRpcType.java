package dev.lockstep.consensus.ratis;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;

/// gRPC as Ratis has it, except that [CommitNews] learns of the leader's senders. Ratis makes it by its class
/// name.
public final class TellingRpcType implements RpcType {
    private static final String NEWS = "lockstep.commit.news";

    static void hand(CommitNews news, Parameters parameters) {
        parameters.put(NEWS, news, CommitNews.class);
    }

    @Override
    public String name() {
        return TellingRpcType.class.getName();
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
        CommitNews news = parameters.getNonNull(NEWS, CommitNews.class);
        return new TellingFactory(parameters, news);
    }

    private static final class TellingFactory extends GrpcFactory {
        private final CommitNews news;

        private TellingFactory(Parameters parameters, CommitNews news) {
            super(parameters);
            this.news = news;
        }

        @Override
        public LogAppender newLogAppender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
            LogAppender appender = super.newLogAppender(server, leader, follower);
            news.add(appender);
            return appender;
        }
    }
}
