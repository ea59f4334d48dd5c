import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.batch2.maintenance.JobMaintenanceServiceImpl;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.DatabaseBinaryContentStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.config.SubscriptionProcessorConfig;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.topic.ISubscriptionTopicLoader;
import ca.uhn.fhir.jpa.topic.SubscriptionTopicConfig;
import ca.uhn.fhir.jpa.util.LoggingEmailSender;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import jakarta.persistence.EntityManagerFactory;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.hl7.fhir.dstu2.model.Subscription.SubscriptionChannelType;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * A HAPI FHIR R4 JPA server on loopback for the length of a test session: {@code HapiForTests PORT DATABASE}.
 *
 * <p>PORT 0 takes a free one. DATABASE is the path of H2's file; what is in it is there again after a restart. When the server
 * answers it prints {@code READY} and its base URL; it ends when its standard input does, and so never outlives the tests.
 * Only what the tests rely on is set: everything else is as HAPI comes, referential integrity included, unless the
 * property {@code stray} is true.
 */
@Configuration
@Import({
  JpaR4Config.class,
  HapiJpaConfig.class,
  JpaBatch2Config.class,
  Batch2JobsConfig.class,
  SubscriptionChannelConfig.class, // the queues between the steps of a bulk export, too
  SubscriptionSubmitterConfig.class,
  SubscriptionProcessorConfig.class,
  SubscriptionTopicConfig.class,
  ThreadPoolFactoryConfig.class,
})
public class HapiForTests {

  private static final int LINES_PER_EXPORT_FILE = 500; // several files a type, from few people

  @Bean
  JpaStorageSettings storageSettings() {
    var stray = Boolean.getBoolean("stray"); // references to nowhere and elsewhere are taken, as public sandboxes do
    var settings = new JpaStorageSettings();
    settings.setAllowExternalReferences(stray);
    settings.setEnforceReferentialIntegrityOnWrite(!stray);
    settings.setEnforceReferentialIntegrityOnDelete(!stray);
    settings.setReuseCachedSearchResultsForMillis(null); // what was just written is found
    settings.setExpungeEnabled(true);
    settings.setAllowMultipleDelete(true);
    settings.setBulkExportFileMaximumCapacity(LINES_PER_EXPORT_FILE);
    return settings;
  }

  /** A bulk export advances a step at each pass, and HAPI's own pass is once a minute. */
  @Bean
  Runnable exportTicks(JobMaintenanceServiceImpl jobs) {
    jobs.setScheduledJobFrequencyMillis(300);
    return () -> {};
  }

  @Bean
  IBinaryStorageSvc exportedFiles() {
    return new DatabaseBinaryContentStorageSvcImpl();
  }

  @Bean
  PartitionSettings partitionSettings() {
    return new PartitionSettings();
  }

  @Bean
  SubscriptionSettings subscriptionSettings() {
    var settings = new SubscriptionSettings();
    settings.addSupportedSubscriptionType(SubscriptionChannelType.RESTHOOK);
    settings.setSubscriptionIntervalInMs(250); // until a Subscription counts; 5 s by default
    return settings;
  }

  @Bean
  IEmailSender mail() { // what tells subscribers wants one, though nobody subscribes by mail
    return new LoggingEmailSender();
  }

  /** Topics of R4 are kept in Basic resources, which HAPI by itself reads once a minute. */
  @Bean
  Runnable topicTicks(ISubscriptionTopicLoader topics, ScheduledExecutorService clock) {
    clock.scheduleWithFixedDelay(topics::forceRefresh, 5, 1, TimeUnit.SECONDS);
    return () -> {};
  }

  @Bean
  RestfulServer restfulServer(FhirContext fhir) {
    return new RestfulServer(fhir);
  }

  @Bean
  DataSource database() {
    var pool = new BasicDataSource();
    // Asynchronous, since H2's own channel closes for good, what is committed unwritten, when a thread in it is interrupted,
    // as the threads of HAPI's jobs are at the end.
    pool.setUrl("jdbc:h2:async:" + System.getProperty("database"));
    pool.setUsername("sa");
    pool.setMaxTotal(24);
    return pool;
  }

  @Bean
  LocalContainerEntityManagerFactoryBean entityManagerFactory(
      ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings, DataSource database) {
    var factory = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
    factory.setPersistenceUnitName("hapi-for-tests");
    factory.setDataSource(database);
    factory.setJpaPropertyMap(
        Map.of(
            "hibernate.dialect", HapiFhirH2Dialect.class.getName(),
            "hibernate.hbm2ddl.auto", "update",
            "hibernate.jdbc.batch_size", "50",
            "hibernate.search.enabled", "false"));
    return factory;
  }

  @Bean
  JpaTransactionManager transactionManager(EntityManagerFactory factory) {
    return new JpaTransactionManager(factory);
  }

  public static void main(String[] arguments) throws Exception {
    System.setProperty("database", arguments[1]);
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
    var beans = new AnnotationConfigApplicationContext(HapiForTests.class);
    var port = listen(endpoint(beans), Integer.parseInt(arguments[0]));
    System.out.println("READY http://127.0.0.1:" + port + "/fhir");
    while (System.in.read() >= 0) {}
    writeOut(beans.getBean(DataSource.class));
    beans.close();
    System.exit(0);
  }

  /** Before any thread is interrupted: H2 itself writes out up to half a second after a commit. */
  private static void writeOut(DataSource database) throws SQLException {
    try (var connection = database.getConnection();
        var statement = connection.createStatement()) {
      statement.execute("CHECKPOINT SYNC");
    }
  }

  private static RestfulServer endpoint(ApplicationContext beans) {
    var server = beans.getBean(RestfulServer.class);
    server.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
    server.registerProviders(beans.getBean(JpaSystemProvider.class), beans.getBean(BulkDataExportProvider.class));
    server.setPagingProvider(beans.getBean(DatabaseBackedPagingProvider.class));
    server.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(
            server,
            beans.getBean(IFhirSystemDao.class),
            beans.getBean(JpaStorageSettings.class),
            beans.getBean(ISearchParamRegistry.class),
            beans.getBean(IValidationSupport.class)));
    return server;
  }

  /** Serves on loopback; the port that it took. */
  private static int listen(RestfulServer endpoint, int port) throws Exception {
    var jetty = new Server();
    var connector = new ServerConnector(jetty);
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    jetty.addConnector(connector);
    var paths = new ServletContextHandler("/");
    paths.addServlet(new ServletHolder(endpoint), "/fhir/*");
    jetty.setHandler(paths);
    jetty.start();
    return connector.getLocalPort();
  }
}
